/**
 * Times as text, by the directives of strftime: a pattern whose months and minutes cannot be mistaken for each other.
 * https://pubs.opengroup.org/onlinepubs/9799919799/functions/strftime.html
 */

/** What is wrong with a pattern or a time zone. Of what config says only. */
export class TimeFormatError extends Error {
  readonly code = 'invalid_time_format';
}

/** A moment in a time zone: a Date whose UTC fields are the zone's, and the zone's offset from UTC in minutes, maybe with a fraction. */
interface Local {
  readonly fields: Date;
  readonly offset: number;
  readonly instant: Date;
}

export type FormatTime = (instant: Date, zone: string) => string;

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];
const DAY = 86_400_000;

/** The directives: `%L` is Ruby's, `%:z` GNU's, the others are POSIX's in the C locale. */
const DIRECTIVES: Readonly<Record<string, (local: Local) => string>> = {
  Y: ({ fields }) => year(fields.getUTCFullYear()),
  y: ({ fields }) => digits(((fields.getUTCFullYear() % 100) + 100) % 100, 2),
  m: ({ fields }) => digits(fields.getUTCMonth() + 1, 2),
  d: ({ fields }) => digits(fields.getUTCDate(), 2),
  e: ({ fields }) => String(fields.getUTCDate()).padStart(2, ' '),
  H: ({ fields }) => digits(fields.getUTCHours(), 2),
  I: ({ fields }) => digits(fields.getUTCHours() % 12 || 12, 2),
  M: ({ fields }) => digits(fields.getUTCMinutes(), 2),
  S: ({ fields }) => digits(fields.getUTCSeconds(), 2),
  L: ({ fields }) => digits(fields.getUTCMilliseconds(), 3),
  p: ({ fields }) => (fields.getUTCHours() < 12 ? 'AM' : 'PM'),
  j: ({ fields }) => digits(dayOfYear(fields), 3),
  u: ({ fields }) => String(fields.getUTCDay() || 7),
  a: ({ fields }) => (DAYS[fields.getUTCDay()] ?? '').slice(0, 3),
  A: ({ fields }) => DAYS[fields.getUTCDay()] ?? '',
  b: ({ fields }) => (MONTHS[fields.getUTCMonth()] ?? '').slice(0, 3),
  B: ({ fields }) => MONTHS[fields.getUTCMonth()] ?? '',
  s: ({ instant }) => String(Math.floor(instant.getTime() / 1000)),
  z: ({ offset }) => offsetText(offset, ''),
  ':z': ({ offset }) => offsetText(offset, ':'),
  F: (local) => `${directive('Y')(local)}-${directive('m')(local)}-${directive('d')(local)}`,
  T: (local) => `${directive('H')(local)}:${directive('M')(local)}:${directive('S')(local)}`,
  '%': () => '%',
};

export const TIME_DIRECTIVES: readonly string[] = Object.keys(DIRECTIVES).map((name) => `%${name}`);

/** Throws a TimeFormatError for a directive that is none. */
export function compileTimeFormat(pattern: string): FormatTime {
  const parts = pattern.split(/(%:?[\s\S]?)/).map((part): string | ((local: Local) => string) => (part.startsWith('%') ? directive(part.slice(1)) : part));
  return (instant, zone) => {
    const endless = endlessText(instant);
    if (endless !== null) return endless;
    const local = localTime(instant, zone);
    return parts.map((part) => (typeof part === 'string' ? part : part(local))).join('');
  };
}

function directive(name: string): (local: Local) => string {
  const found = Object.hasOwn(DIRECTIVES, name) ? DIRECTIVES[name] : undefined;
  if (found === undefined) throw new TimeFormatError(`%${name} is no directive of a time format: use ${TIME_DIRECTIVES.join(' ')}`);
  return found;
}

/** Postgres' `infinity` and `-infinity` are read as the first and last moment that a Date can hold; null for any other. */
function endlessText(instant: Date): string | null {
  const time = instant.getTime();
  return Math.abs(time) === 8.64e15 ? (time > 0 ? 'infinity' : '-infinity') : null;
}

/** ISO 8601 with milliseconds: with Z in UTC, else with the zone's offset. */
export function isoTime(instant: Date, zone: string): string {
  const endless = endlessText(instant);
  if (endless !== null) return endless;
  if (zone === 'UTC') return instant.toISOString();
  const { fields, offset } = localTime(instant, zone);
  return `${fields.toISOString().slice(0, -1)}${offsetText(offset, ':')}`;
}

const zones = new Map<string, Intl.DateTimeFormat>();
/** Zones come from config, or from a column: their number is bounded by IANA's names, and this in any case. */
const MOST_ZONES = 1_000;

/** Throws a TimeFormatError for a zone that is not in IANA's database. */
export function checkZone(zone: string): void {
  if (zone !== 'UTC') zoneFields(zone);
}

function zoneFields(zone: string): Intl.DateTimeFormat {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  let made: Intl.DateTimeFormat;
  try {
    made = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    throw new TimeFormatError("not a time zone: write an IANA name, as 'Europe/Amsterdam'");
  }
  if (zones.size >= MOST_ZONES) zones.clear();
  zones.set(zone, made);
  return made;
}

function localTime(instant: Date, zone: string): Local {
  if (zone === 'UTC') return { fields: instant, offset: 0, instant };
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, string>> = {};
  for (const { type, value } of zoneFields(zone).formatToParts(instant)) part[type] = value;
  const fields = new Date(0);
  const written = Number(part.year);
  fields.setUTCFullYear(part.era === 'BC' ? 1 - written : written, Number(part.month) - 1, Number(part.day));
  const milliseconds = ((instant.getTime() % 1000) + 1000) % 1000;
  fields.setUTCHours(Number(part.hour), Number(part.minute), Number(part.second), milliseconds);
  return { fields, offset: (fields.getTime() - instant.getTime()) / 60_000, instant };
}

function dayOfYear(fields: Date): number {
  const first = new Date(0);
  first.setUTCFullYear(fields.getUTCFullYear(), 0, 1);
  return Math.floor((fields.getTime() - first.getTime()) / DAY) + 1;
}

function offsetText(minutes: number, separator: string): string {
  const whole = Math.trunc(Math.abs(minutes));
  return `${minutes < 0 ? '-' : '+'}${digits(Math.floor(whole / 60), 2)}${separator}${digits(whole % 60, 2)}`;
}

/** Four digits or more; before the year 0 with a minus. */
function year(number: number): string {
  return number < 0 ? `-${digits(-number, 4)}` : digits(number, 4);
}

function digits(number: number, width: number): string {
  return String(number).padStart(width, '0');
}
