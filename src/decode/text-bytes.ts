import { WalhookError } from '../errors.ts';

export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;
export const COMMA = 0x2c;
export const SPACE = 0x20;
export const MINUS = 0x2d;
export const ZERO = 0x30;

/**
 * A quoted item's content without its escapes: in arrays and hstore a backslash stands before `"` and `\`, in
 * composites either is doubled. Both ways the first of a pair falls away and the second stands for itself.
 */
export function withoutEscapes(bytes: Buffer, start: number, end: number): Buffer {
  const plain = Buffer.allocUnsafe(end - start);
  let length = 0;
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === BACKSLASH || byte === QUOTE) i += 1;
    plain[length] = bytes[i] ?? 0;
    length += 1;
  }
  return plain.subarray(0, length);
}

export function hasEscapes(bytes: Buffer, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === BACKSLASH || byte === QUOTE) return true;
  }
  return false;
}

/** A value's text is not what its type promises: the type has changed since it was looked up, or we do not know it well. */
export function unreadable(what: string): WalhookError {
  return new WalhookError(`a value cannot be read as ${what}: its type may have changed`, { code: 'unreadable_value', reaction: 'retry' });
}
