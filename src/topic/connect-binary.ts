import { membersOf, stringOf } from './json-text.ts';

/*
 * Values that Kafka Connect's JSON has in base64, back to what Postgres writes. Null for what cannot be read.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-decimal-types
 */

/** Kafka Connect's Decimal: its digits without the point, as a big-endian integer. A string or a number is taken as it is. */
export function decimalText(json: string, scale: number): string | null {
  const text = stringOf(json);
  if (text === null) return json;
  const bytes = bytesOf(text);
  return bytes === null ? null : pointed(integerOf(bytes), scale);
}

/** `{"scale":2,"value":"…"}` */
export function variableDecimalText(json: string): string | null {
  const members = membersOf(json);
  const value = members?.get('value');
  const scale = Number(members?.get('scale'));
  if (value === undefined || !Number.isInteger(scale)) return members === null ? (stringOf(json) ?? json) : null;
  return decimalText(value, scale);
}

/** `\x` and hex. */
export function byteaText(json: string): string | null {
  const bytes = bytesOf(stringOf(json));
  return bytes === null ? null : `\\x${bytes.toString('hex')}`;
}

/** Bits as a little-endian integer. @param length how many there are; 0: not told */
export function bitsText(json: string, length: number): string | null {
  const bytes = bytesOf(stringOf(json));
  if (bytes === null) return null;
  const bits = integerOf(Buffer.concat([Buffer.of(0), bytes.toReversed()])).toString(2);
  return bits.padStart(Number.isInteger(length) && length > 0 && length < MOST_BITS ? length : 1, '0');
}

/** `(x,y)` */
export function pointText(json: string): string | null {
  const members = membersOf(json);
  const x = members?.get('x');
  const y = members?.get('y');
  return x === undefined || y === undefined ? null : `(${x},${y})`;
}

/** Debezium gives a varbit without a length the largest int32 for one. */
const MOST_BITS = 2 ** 23;

/** What Kafka Connect's JSON has of bytes. */
function bytesOf(base64: string | null): Buffer | null {
  return base64 === null || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64) ? null : Buffer.from(base64, 'base64');
}

/** Two's complement, most significant byte first. */
function integerOf(bytes: Buffer): bigint {
  if (bytes.length === 0) return 0n;
  return BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`));
}

/** -1250 with two places → `-12.50`. */
function pointed(digits: bigint, scale: number): string {
  if (scale <= 0) return String(digits * 10n ** BigInt(-scale));
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, '0');
  return `${digits < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}
