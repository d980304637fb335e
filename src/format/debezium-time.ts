import type { ToJson } from '../codec.ts';
import { WalhookError } from '../errors.ts';

/*
 * Temporal values as Debezium's connector writes them by default (time.precision.mode=adaptive,
 * interval.handling.mode=numeric). Their text is that of a session with `datestyle=ISO`, `intervalstyle=postgres` and
 * `timezone=UTC`.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-temporal-types
 */

const SECOND = 1_000_000;
const DAY = 86_400 * SECOND;
/** A month has 365.25 / 12 days, Debezium's average. */
const MONTH = BigInt((365.25 / 12) * DAY);

const LAST_INT32 = 2 ** 31 - 1;
const LAST_INT64 = 2n ** 63n - 1n;
/** What Postgres' JDBC driver, and so Debezium, takes for the infinities of a timestamp. */
const INFINITY = 9_223_372_036_825_200_000n;
const MINUS_INFINITY = -9_223_372_036_832_400_000n;

/** Digits after the point up to which Debezium counts milliseconds, of a column that says how many it has. */
const MILLISECOND_DIGITS = 3;

const DATE = /^(\d{4,})-(\d\d)-(\d\d)( BC)?$/;
const TIMESTAMP = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)(?:\+00)?( BC)?$/;
const CLOCK = /^(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?$/;
const ZONED_CLOCK = /^([\d:.]+)([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?$/;
const INTERVAL = /^(?:([+-]?\d+) years? ?)?(?:([+-]?\d+) mons? ?)?(?:([+-]?\d+) days? ?)?(?:([+-]?)([\d:.]+))?$/;

/** date → days since 1970. `infinity` is the last of an int32 and `-infinity` the first, as in Postgres' own storage. */
export const date: ToJson = (bytes, start, end) => {
  const text = bytes.latin1Slice(start, end);
  if (text === 'infinity') return String(LAST_INT32);
  if (text === '-infinity') return String(-LAST_INT32 - 1);
  return String(daysOf(text));
};

/** time → microseconds since midnight, or milliseconds. `typmod`: the column's. */
export function time(typmod: number): ToJson {
  const unit = unitOf(typmod);
  return (bytes, start, end) => String(Math.floor(clockOf(bytes.latin1Slice(start, end)) / unit));
}

/** timestamp → microseconds since 1970, or milliseconds. `typmod`: the column's. */
export function timestamp(typmod: number): ToJson {
  const unit = unitOf(typmod);
  return (bytes, start, end) => {
    const text = bytes.latin1Slice(start, end);
    if (text === 'infinity') return String(INFINITY / BigInt(unit));
    if (text === '-infinity') return String(MINUS_INFINITY / BigInt(unit));
    const match = TIMESTAMP.exec(text);
    if (match === null) throw unreadable('a timestamp');
    const [, day = '', clock = '', era = ''] = match;
    return sum(daysOf(day + era) * (DAY / unit), Math.floor(clockOf(clock) / unit));
  };
}

/** timestamptz → ISO 8601 in UTC, with as many digits as the value has: `2024-01-02T03:04:05.6Z`. */
export const timestamptz: ToJson = (bytes, start, end) => {
  const text = bytes.latin1Slice(start, end);
  const match = TIMESTAMP.exec(text);
  if (match === null) return `"${text}"`; // an infinity
  const [, day = '', clock = '', era = ''] = match;
  return `"${isoDate(day, era !== '')}T${clock}Z"`;
};

/** timetz → the time in UTC: `03:04:05.6Z`. */
export const timetz: ToJson = (bytes, start, end) => {
  const match = ZONED_CLOCK.exec(bytes.latin1Slice(start, end));
  if (match === null) throw unreadable('a time');
  const [, clock = '', sign, hours, minutes, seconds] = match;
  const ahead = (Number(hours) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * SECOND;
  const utc = (clockOf(clock) + (sign === '-' ? ahead : -ahead) + DAY) % DAY;
  const text = new Date(utc / 1000).toISOString().slice(11, 19);
  const micros = utc % SECOND;
  return `"${text}${micros === 0 ? '' : `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`}Z"`;
};

/** interval → microseconds. What an int64 cannot hold is its last or first, and so are the infinities. */
export const interval: ToJson = (bytes, start, end) => {
  const text = bytes.latin1Slice(start, end);
  if (text === 'infinity') return String(LAST_INT64);
  if (text === '-infinity') return String(-LAST_INT64 - 1n);
  const match = INTERVAL.exec(text);
  if (match === null) throw unreadable('an interval');
  const [, years = '0', months = '0', days = '0', sign = '', clock = '0:00:00'] = match;
  const rest = clockMicros(clock);
  const micros = (BigInt(years) * 12n + BigInt(months)) * MONTH + BigInt(days) * BigInt(DAY) + (sign === '-' ? -rest : rest);
  if (micros > LAST_INT64) return String(LAST_INT64);
  return String(micros < -LAST_INT64 - 1n ? -LAST_INT64 - 1n : micros);
};

/** Microseconds in what a column's values are counted in. */
function unitOf(typmod: number): number {
  return typmod >= 0 && typmod <= MILLISECOND_DIGITS ? 1000 : 1;
}

/** Exact, though a double may not hold it: days are a multiple of a high power of two. */
function sum(days: number, rest: number): string {
  const total = days + rest;
  return Number.isSafeInteger(total) ? String(total) : String(BigInt(days) + BigInt(rest));
}

/** `24:00:00` is a time too. */
function clockOf(text: string): number {
  return Number(clockMicros(text));
}

function clockMicros(text: string): bigint {
  const match = CLOCK.exec(text);
  if (match === null) throw unreadable('a time');
  const [, hours = '0', minutes, seconds, fraction = ''] = match;
  return BigInt(hours) * 3_600_000_000n + BigInt((Number(minutes) * 60 + Number(seconds)) * SECOND + Number(fraction.padEnd(6, '0')));
}

/** Days since 1970 in the Gregorian calendar, which Postgres uses for all times. JavaScript's dates end before Postgres' do. */
function daysOf(text: string): number {
  const match = DATE.exec(text);
  if (match === null) throw unreadable('a date');
  const [, written, month, day, era] = match;
  const year = era === undefined ? Number(written) : 1 - Number(written);
  // The calendar repeats after 400 years, which are 146,097 days.
  const cycle = Math.floor(year / 400);
  return cycle * 146_097 + Date.UTC(year - cycle * 400 + 2000, Number(month) - 1, Number(day)) / 86_400_000 - 5 * 146_097;
}

/** As Java writes it: years beyond 9999 have a plus, and 1 BC is the year 0. */
function isoDate(day: string, isBc: boolean): string {
  const dash = day.indexOf('-', 1);
  const year = Number(day.slice(0, dash));
  if (!isBc) return year > 9999 ? `+${day}` : day;
  return `${year === 1 ? '' : '-'}${String(year - 1).padStart(4, '0')}${day.slice(dash)}`;
}

function unreadable(what: string): WalhookError {
  return new WalhookError(`a value cannot be read as ${what}: its type may have changed`, { code: 'unreadable_value', reaction: 'retry' });
}
