import type { ToJson } from '../codec.ts';

/*
 * Values that Debezium's connector writes as bytes by default, which Kafka Connect's JSON has in base64
 * (decimal.handling.mode=precise, binary.handling.mode=bytes).
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-decimal-types
 */

/** numeric(p,s) → its digits without the point, as a big-endian integer: Kafka Connect's Decimal. `NaN` and infinities are null. */
export function decimal(scale: number): ToJson {
  return (bytes, start, end) => {
    const { digits, places } = unscaled(bytes.latin1Slice(start, end));
    if (digits === null) return 'null';
    return `"${bigEndian(scale >= places ? digits * 10n ** BigInt(scale - places) : digits / 10n ** BigInt(places - scale))}"`;
  };
}

/** numeric → Debezium's VariableScaleDecimal, without trailing zeros. `NaN` and infinities are null. */
export const variableDecimal: ToJson = (bytes, start, end) => {
  const text = bytes.latin1Slice(start, end);
  const { digits, places } = unscaled(text.includes('.') ? text.replace(/\.?0+$/, '') : text);
  return digits === null ? 'null' : `{"scale":${places},"value":"${bigEndian(digits)}"}`;
};

/** numeric → its text: `decimal.handling.mode=string`. */
export const decimalText: ToJson = (bytes, start, end) => `"${bytes.latin1Slice(start, end)}"`;

/** bytea in hex → base64. */
export const bytea: ToJson = (bytes, start, end) => `"${Buffer.from(bytes.latin1Slice(start + '\\x'.length, end), 'hex').toString('base64')}"`;

/** bit(1) → a boolean. */
export const oneBit: ToJson = (bytes, start) => (bytes[start] === 0x31 ? 'true' : 'false');

/** bit(n), varbit → the bits as a little-endian integer, without the zero bytes at its end. */
export const bits: ToJson = (bytes, start, end) => {
  const value = end === start ? 0n : BigInt(`0b${bytes.latin1Slice(start, end)}`);
  return `"${value === 0n ? '' : Buffer.from(hexBytes(value).toReversed()).toString('base64')}"`;
};

/** point → Debezium's geometry.Point: its coordinates, and the same in well-known binary. */
export const point: ToJson = (bytes, start, end) => {
  const [x = 0, y = 0] = bytes.latin1Slice(start + 1, end - 1).split(',').map(Number);
  const wkb = Buffer.alloc(21);
  wkb.writeUInt8(1, 0); // little-endian
  wkb.writeUInt32LE(1, 1); // a point
  wkb.writeDoubleLE(x, 5);
  wkb.writeDoubleLE(y, 13);
  return `{"x":${double(x)},"y":${double(y)},"wkb":"${wkb.toString('base64')}","srid":null}`;
};

/** `-12.50` → -1250 with two places; null for what is no number. */
function unscaled(text: string): { readonly digits: bigint | null; readonly places: number } {
  if (/[a-z]/i.test(text)) return { digits: null, places: 0 };
  const [whole = '', fraction = ''] = text.split('.');
  return { digits: BigInt(whole + fraction), places: fraction.length };
}

/** Two's complement in as few bytes as hold it and its sign, in base64: what Java's BigInteger.toByteArray gives. */
function bigEndian(value: bigint): string {
  const magnitude = value < 0n ? -value - 1n : value;
  const bytes = hexBytes(magnitude);
  const signed = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return (value < 0n ? signed.map((byte) => ~byte & 0xff) : signed).toString('base64');
}

/** A number that is not negative, most significant byte first. */
function hexBytes(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

/** As Kafka Connect's JSON has it: what is no number as text. */
function double(value: number): string {
  return Number.isFinite(value) ? String(value) : `"${value}"`;
}
