import { stringOf } from './json-text.ts';

/*
 * Debezium's times, back to what Postgres writes with `datestyle=ISO` and `timezone=UTC`. Null for what cannot be read.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types
 */

/** In microseconds. */
export const SECOND = 1_000_000n;
const DAY = 86_400n * SECOND;
/** A unit that is smaller than a microsecond: so many go in one. */
export const NANO = -1000n;

/** What Debezium has for the infinities: see src/format/debezium-time.ts. In microseconds. */
const INFINITY = 9_223_372_036_825_200_000n;
const MINUS_INFINITY = -9_223_372_036_832_400_000n;
const LAST_INT32 = 2n ** 31n - 1n;

/** The first and the last moment of a JavaScript date, in microseconds. */
const LAST_DATE = 8_640_000_000_000_000_000n;

/** Days since 1970 → `2024-01-02`. */
export function dateText(json: string): string | null {
  const days = integer(json);
  if (days === null) return stringOf(json)?.replace(/Z$/, '') ?? null;
  if (days === LAST_INT32) return 'infinity';
  if (days === -LAST_INT32 - 1n) return '-infinity';
  return withEra(days * DAY, '');
}

/** A count since 1970 → `2024-01-02 03:04:05.6`. @param unit microseconds; or `NANO` */
export function momentText(json: string, unit: bigint): string | null {
  const count = integer(json);
  if (count === null) return null;
  const micros = inMicros(count, unit);
  if (unit > 0n && count === INFINITY / unit) return 'infinity';
  if (unit > 0n && count === MINUS_INFINITY / unit) return '-infinity';
  const within = ((micros % DAY) + DAY) % DAY;
  return withEra(micros - within, ` ${clock(within)}`);
}

/** `2024-01-02T03:04:05.6Z` → `2024-01-02 03:04:05.6+00`. */
export function zonedMomentText(text: string): string | null {
  const match = /^([+-]?\d{4,})(-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  // An infinity.
  if (match === null) return /^-?infinity$/.test(text) ? text : null;
  const [, year = '', day = '', time = '', fraction = '', zone = ''] = match;
  const at = Date.parse(`${isoYear(year)}${day}T${time}${zone}`);
  if (Number.isNaN(at)) return null;
  const micros = BigInt(at) * 1000n + BigInt(fraction.slice(0, 6).padEnd(6, '0'));
  return momentText(String(micros), 1n)?.replace(/( BC)?$/, '+00$1') ?? null;
}

/** A count since midnight → `03:04:05.6`. */
export function clockText(json: string, unit: bigint): string | null {
  const count = integer(json);
  return count === null ? stringOf(json) : clock(inMicros(count, unit));
}

/** `03:04:05.6Z` → `03:04:05.6+00`. */
export function zonedClockText(text: string): string {
  return text.replace(/Z$/, '+00').replace(/([+-]\d\d):00$/, '$1');
}

/** A count → an interval without months and days, which Debezium has mixed into it: `50:04:05.6`. */
export function durationText(json: string, unit: bigint): string | null {
  const count = integer(json);
  if (count === null) return stringOf(json);
  const micros = inMicros(count, unit);
  return micros < 0n ? `-${clock(-micros)}` : clock(micros);
}

function integer(json: string): bigint | null {
  return /^-?\d+$/.test(json) ? BigInt(json) : null;
}

function inMicros(count: bigint, unit: bigint): bigint {
  if (unit > 0n) return count * unit;
  // Towards the past, as for all other units.
  const part = ((count % -unit) + -unit) % -unit;
  return (count - part) / -unit;
}

/** Microseconds → `03:04:05.6`, hours beyond a day too. */
function clock(micros: bigint): string {
  const seconds = micros / SECOND;
  const fraction = String(micros % SECOND).padStart(6, '0').replace(/0+$/, '');
  const parts = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map((part) => String(part).padStart(2, '0'));
  return `${parts.join(':')}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A day in the Gregorian calendar; Postgres has BC behind the time. Null beyond JavaScript's dates. @param micros of its midnight */
function withEra(micros: bigint, time: string): string | null {
  if (micros > LAST_DATE || micros < -LAST_DATE) return null;
  const date = new Date(Number(micros / 1000n));
  const year = date.getUTCFullYear();
  const [month, day] = [date.getUTCMonth() + 1, date.getUTCDate()].map((part) => String(part).padStart(2, '0'));
  return `${String(year > 0 ? year : 1 - year).padStart(4, '0')}-${month}-${day}${time}${year > 0 ? '' : ' BC'}`;
}

/** JavaScript wants six digits where there are not four. */
function isoYear(year: string): string {
  const sign = year.startsWith('-') ? '-' : '+';
  const digits = year.replace(/^[+-]/, '');
  return digits.length === 4 && sign === '+' ? digits : `${sign}${digits.padStart(6, '0')}`;
}
