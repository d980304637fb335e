import { type JsonOutput, piece } from '../json-output.ts';
import { MINUS, QUOTE, SPACE } from './text-bytes.ts';

const PLUS = 0x2b;
const LETTER_T = 0x54;
/** The minutes of an offset, which Postgres leaves out where they are none, and the end of the string. */
const MINUTES = piece(':00"');

/*
 * With `datestyle=ISO` Postgres prints `2024-01-02 03:04:05.6+00`, `to_jsonb` gives `2024-01-02T03:04:05.6+00:00`.
 * Years have four digits or more, ` BC` comes last, and there are `infinity` and `-infinity`.
 * Dates are the same in both.
 * https://www.postgresql.org/docs/current/datatype-datetime.html
 */

/** timestamp → ISO 8601. */
export function writeTimestamp(bytes: Buffer, start: number, end: number, out: JsonOutput): void {
  const gap = dateEnd(bytes, start, end);
  const at = out.length;
  out.quoted(bytes, start, end);
  if (gap >= 0) out.replace(at + 1 + gap, LETTER_T);
}

/** timestamptz → ISO 8601 with its offset, which is `+00:00` in a session with `timezone=UTC`. */
export function writeTimestamptz(bytes: Buffer, start: number, end: number, out: JsonOutput): void {
  const gap = dateEnd(bytes, start, end);
  if (gap < 0) return out.quoted(bytes, start, end);
  const sign = bytes[end - 3];
  if (sign !== PLUS && sign !== MINUS) {
    const text = bytes.latin1Slice(start, end);
    return out.string(`"${text.slice(0, gap)}T${text.slice(gap + 1).replace(/([+-]\d\d)( BC)?$/, '$1:00$2')}"`);
  }
  out.byte(QUOTE);
  const at = out.length;
  out.plain(bytes, start, end);
  out.replace(at + gap, LETTER_T);
  out.piece(MINUTES);
}

/** Where the space between date and time is, counted from `start`; -1 for an infinity. */
function dateEnd(bytes: Buffer, start: number, end: number): number {
  for (let i = start + 'YYYY-MM-DD'.length; i < end; i += 1) if (bytes[i] === SPACE) return i - start;
  return -1;
}

/** The last moment a Date can hold: what `infinity`, and what little lies beyond, is compared as. */
const LAST = 8.64e15;

const MOMENT = /^(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:([+-])(\d\d)(?::(\d\d))?(?::(\d\d))?)?( BC)?$/;

/**
 * date, timestamp (taken as UTC) or timestamptz → Date. Microseconds are cut to milliseconds; `infinity` becomes the
 * last Date there is and `-infinity` the first, so that they compare as they do in SQL.
 */
export function readMoment(bytes: Buffer, start: number, end: number): Date | null {
  const text = bytes.latin1Slice(start, end);
  if (text === 'infinity') return new Date(LAST);
  if (text === '-infinity') return new Date(-LAST);
  const match = MOMENT.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction, sign, offsetHours, offsetMinutes, offsetSeconds, bc] = match;
  const date = new Date(0);
  date.setUTCFullYear(bc === undefined ? Number(year) : 1 - Number(year), Number(month) - 1, Number(day));
  const offset = Number(offsetHours ?? 0) * 3600 + Number(offsetMinutes ?? 0) * 60 + Number(offsetSeconds ?? 0);
  const time =
    date.getTime() +
    (Number(hour ?? 0) * 3600 + Number(minute ?? 0) * 60 + Number(second ?? 0) - (sign === '-' ? -offset : offset)) * 1000 +
    Number((fraction ?? '').padEnd(3, '0').slice(0, 3));
  // What no Date can hold (NaN) is later than the last one: Postgres' first is well within.
  return new Date(time <= LAST ? time : LAST);
}
