/**
 * A log sequence number: a byte position in the write-ahead log.
 * 64 bits unsigned, so a bigint here and `16/B374D848` where people read it.
 * https://www.postgresql.org/docs/current/datatype-pg-lsn.html
 */
export type Lsn = bigint;

/** Before any record; what Postgres calls InvalidXLogRecPtr. */
export const NO_LSN: Lsn = 0n;

/** `16/B374D848` → bigint. Throws a SyntaxError for anything else. */
export function parseLsn(text: string): Lsn {
  const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(text);
  if (!match) throw new SyntaxError(`not an LSN: ${JSON.stringify(text)}`);
  return (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** bigint → `16/B374D848`, as Postgres prints it. */
export function formatLsn(lsn: Lsn): string {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}

export function maxLsn(a: Lsn, b: Lsn): Lsn {
  return a > b ? a : b;
}
