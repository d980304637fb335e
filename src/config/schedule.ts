import { Cron } from 'croner';
import { didYouMean } from '../closest.ts';
import type { Reading } from './kinds.ts';

/** `schedule`: when held events are sent. */

/** As much of it as a JSON Schema can tell. */
export const CRON_PATTERN = '^\\s*[^@\\s]\\S*(\\s+\\S+){4}\\s*$';

const FIELDS = ['minute', 'hour', 'day of the month', 'month', 'day of the week'];

/** Cron's five fields. What croner knows beyond (`@daily`, seconds, years) is not taken. */
export function cronExpression(text: string): Reading<string> {
  const fields = text.trim().split(/[ \t]+/);
  if (fields.length !== FIELDS.length || text.startsWith('@')) {
    return { refused: 'expected a cron expression of five fields, minute, hour, day of the month, month and day of the week: "0 6 * * *"' };
  }
  for (const [index, name] of FIELDS.entries()) {
    const alone = FIELDS.map((_, other) => (other === index ? (fields[index] ?? '') : '*'));
    if (firstTime(alone.join(' ')) === 'refused') return { refused: `the ${name} (field ${index + 1} of 5) is none that cron knows` };
  }
  const cron = fields.join(' ');
  return firstTime(cron) === 'never' ? { refused: 'there is no such day: it would never be sent' } : { value: cron };
}

function firstTime(cron: string): 'refused' | 'never' | 'some' {
  try {
    return new Cron(cron, { mode: '5-part', paused: true, timezone: 'UTC' }).nextRun(new Date(0)) === null ? 'never' : 'some';
  } catch {
    return 'refused';
  }
}

/** A name of the IANA time zone database. */
export function timeZone(text: string): Reading<string> {
  // Node also takes offsets such as +01:00, which know no summer time.
  if (!/^[+-]/.test(text) && isTimeZone(text)) return { value: text };
  return { refused: 'expected the name of a time zone, such as Europe/Amsterdam', hint: didYouMean(text, Intl.supportedValuesOf('timeZone')) };
}

function isTimeZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text }).format(0);
    return true;
  } catch {
    return false;
  }
}
