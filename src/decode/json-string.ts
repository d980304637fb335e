import { BACKSLASH, QUOTE } from './text-bytes.ts';

/** Up to this many bytes, a string put together byte by byte is faster than a call into the runtime. */
const SHORT = 4;

/** Text → a JSON string. The way of every type that JSON knows nothing of, and the hottest of all. */
export function encodeText(bytes: Buffer, start: number, end: number): string {
  return end - start <= SHORT ? encodeShort(bytes, start, end) : encodeLong(bytes, start, end);
}

function encodeShort(bytes: Buffer, start: number, end: number): string {
  let json = '"';
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH) return encodeLong(bytes, start, end);
    json += String.fromCharCode(byte);
  }
  return `${json}"`;
}

/** One look at the bytes tells which is the cheapest way that is right; ASCII without escapes is the usual one. */
function encodeLong(bytes: Buffer, start: number, end: number): string {
  let all = 0;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] ?? 0;
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return JSON.stringify(bytes.utf8Slice(start, end));
    all |= byte;
  }
  return `"${all < 0x80 ? bytes.latin1Slice(start, end) : bytes.utf8Slice(start, end)}"`;
}

/** A value that is JSON text already: passed on as it stands. */
export function encodeJson(bytes: Buffer, start: number, end: number): string {
  return bytes.utf8Slice(start, end);
}
