import { BACKSLASH, QUOTE } from './text-bytes.ts';

/** Up to this many bytes, a string put together byte by byte is faster than a call into the runtime. */
const SHORT = 4;

const NOT_ASCII = 1;
const ESCAPED = 2;

/** By byte, whether it keeps a text from being its own JSON. A look-up is twice as fast as comparing. */
const CARE = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return ESCAPED;
  return byte < 0x80 ? 0 : NOT_ASCII;
});

/** Text → a JSON string. The way of most types that JSON knows nothing of, and the hottest of all. */
export function encodeText(bytes: Buffer, start: number, end: number): string {
  return end - start <= SHORT ? encodeShort(bytes, start, end) : encodeLong(bytes, start, end);
}

function encodeShort(bytes: Buffer, start: number, end: number): string {
  let json = '"';
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if (CARE[byte] !== 0) return encodeLong(bytes, start, end);
    json += String.fromCharCode(byte);
  }
  return `${json}"`;
}

/** One look at the bytes tells which is the cheapest way that is right; ASCII without escapes is the usual one. */
function encodeLong(bytes: Buffer, start: number, end: number): string {
  let care = 0;
  for (let i = start; i < end; i += 1) care |= CARE[bytes[i] ?? 0] ?? 0;
  if (care >= ESCAPED) return JSON.stringify(bytes.utf8Slice(start, end));
  return `"${care === 0 ? bytes.latin1Slice(start, end) : bytes.utf8Slice(start, end)}"`;
}

/** Text of a type that never has anything to escape: uuid, date. */
export function encodePlain(bytes: Buffer, start: number, end: number): string {
  return `"${bytes.latin1Slice(start, end)}"`;
}

/** bytea in hex, `\x00ff`: a backslash to escape, then digits, however many megabytes. */
export function encodeBytea(bytes: Buffer, start: number, end: number): string {
  const hex = bytes[start] === BACKSLASH && bytes[start + 1] === 0x78;
  return hex ? `"\\${bytes.latin1Slice(start, end)}"` : encodeText(bytes, start, end);
}

/** A value that is JSON text already: passed on as it stands. */
export function encodeJson(bytes: Buffer, start: number, end: number): string {
  return bytes.utf8Slice(start, end);
}
