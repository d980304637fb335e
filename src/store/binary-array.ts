/*
 * Arrays in Postgres' binary format, for batches of thousands of rows: as text, each value would be quoted and escaped
 * here and parsed there, and bytes would take twice their room. pg sends a Buffer parameter in binary format as it is.
 * The format is that of array_recv (src/backend/utils/adt/arrayfuncs.c): dimensions, whether there are nulls, the element
 * type's OID, the length and lower bound of the one dimension, then each element's length (-1: null) and bytes.
 */

/** pg_type.oid: the same in every server for built-in types. */
const OID = { bytea: 17, bigint: 20, integer: 23, text: 25, double: 701, lsn: 3220 } as const;
const HEADER = 20;
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const MOST_PER_UNIT = 3;

/** A column of strings, with nulls for SQL's. No string may hold U+0000. */
export function textArray(values: readonly (string | null)[]): Buffer {
  return strings(OID.text, values);
}

/** A column of strings that are stored as the bytes of their UTF-8. */
export function utf8Array(values: readonly (string | null)[]): Buffer {
  return strings(OID.bytea, values);
}

/** A column of bytes. */
export function bytesArray(values: readonly (Buffer | null)[]): Buffer {
  const buffer = Buffer.allocUnsafe(values.reduce((sum, value) => sum + 4 + (value?.length ?? 0), HEADER));
  let at = header(buffer, OID.bytea, values);
  for (const value of values) {
    at = buffer.writeInt32BE(value?.length ?? -1, at);
    if (value !== null) at += value.copy(buffer, at);
  }
  return buffer.subarray(0, at);
}

export function integerArray(values: readonly (number | null)[]): Buffer {
  return fixed(OID.integer, 4, values, (into, value, at) => into.writeInt32BE(value, at));
}

/** Safe integers. */
export function bigintArray(values: readonly number[]): Buffer {
  return fixed(OID.bigint, 8, values, (into, value, at) => {
    const high = Math.floor(value / 2 ** 32);
    into.writeInt32BE(high, at);
    return into.writeUInt32BE(value - high * 2 ** 32, at + 4);
  });
}

export function doubleArray(values: readonly number[]): Buffer {
  return fixed(OID.double, 8, values, (into, value, at) => into.writeDoubleBE(value, at));
}

export function lsnArray(values: readonly bigint[]): Buffer {
  return fixed(OID.lsn, 8, values, (into, value, at) => into.writeBigUInt64BE(value, at));
}

function strings(oid: number, values: readonly (string | null)[]): Buffer {
  let most = HEADER;
  for (const value of values) most += 4 + (value === null ? 0 : value.length * MOST_PER_UNIT);
  const buffer = Buffer.allocUnsafe(most);
  let at = header(buffer, oid, values);
  for (const value of values) {
    const bytes = value === null ? -1 : buffer.write(value, at + 4);
    buffer.writeInt32BE(bytes, at);
    at += 4 + Math.max(0, bytes);
  }
  return buffer.subarray(0, at);
}

function fixed<T>(oid: number, bytes: number, values: readonly (T | null)[], write: (into: Buffer, value: T, at: number) => number): Buffer {
  const buffer = Buffer.allocUnsafe(HEADER + values.length * (4 + bytes));
  let at = header(buffer, oid, values);
  for (const value of values) {
    at = buffer.writeInt32BE(value === null ? -1 : bytes, at);
    if (value !== null) at = write(buffer, value, at);
  }
  return buffer.subarray(0, at);
}

/** Gives the place where the elements begin. An empty array has no dimension, hence no length. */
function header(buffer: Buffer, oid: number, values: readonly unknown[]): number {
  buffer.writeInt32BE(values.length === 0 ? 0 : 1, 0);
  buffer.writeInt32BE(values.includes(null) ? 1 : 0, 4);
  buffer.writeInt32BE(oid, 8);
  if (values.length === 0) return 12;
  buffer.writeInt32BE(values.length, 12);
  buffer.writeInt32BE(1, 16);
  return HEADER;
}
