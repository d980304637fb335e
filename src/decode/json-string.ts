import type { WriteJson } from '../codec.ts';
import type { JsonOutput } from '../json-output.ts';
import { BACKSLASH, QUOTE } from './text-bytes.ts';

/** Text → a JSON string. */
export const writeText: WriteJson = (bytes, start, end, out) => out.text(bytes, start, end);

/** Text of a type that never has anything to escape: uuid, date. */
export const writeQuoted: WriteJson = (bytes, start, end, out) => out.quoted(bytes, start, end);

/** A value that is JSON text already: passed on as it stands. */
export const writeJson: WriteJson = (bytes, start, end, out) => out.plain(bytes, start, end);

/** bytea in hex, `\x00ff`: a backslash to escape, then digits, however many megabytes. */
export function writeBytea(bytes: Buffer, start: number, end: number, out: JsonOutput): void {
  const hex = bytes[start] === BACKSLASH && bytes[start + 1] === 0x78;
  if (!hex) return out.text(bytes, start, end);
  out.byte(QUOTE);
  out.byte(BACKSLASH);
  out.plain(bytes, start, end);
  out.byte(QUOTE);
}
