import type { WriteJson } from '../codec.ts';
import { piece } from '../json-output.ts';
import { BACKSLASH, COMMA, hasEscapes, QUOTE, SPACE, unreadable, withoutEscapes } from './text-bytes.ts';

const OPEN = 0x7b; // {
const CLOSE = 0x7d; // }
const BRACKET = 0x5b; // [
const END_BRACKET = 0x5d; // ]
const EQUALS = 0x3d;
const NOTHING = piece('null');

/** What to make of a container's parts, so that the same reader serves JSON text and JavaScript values. */
export interface Making<T> {
  readonly nothing: T;
  readonly item: (bytes: Buffer, start: number, end: number) => T;
  readonly list: (items: T[]) => T;
}

/**
 * A reader of arrays' text: `{1,NULL,"a \"b\""}`, nested for more dimensions, with bounds before it (`[0:1]={…}`) if
 * they do not start at 1, which `to_jsonb` ignores. Items are parted by the element type's delimiter: `,`, for box `;`.
 * https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO
 */
export function arrayReader<T>(delimiter: number, making: Making<T>): (bytes: Buffer, start: number, end: number) => T {
  const { nothing, item, list } = making;
  return (bytes, start, end) => {
    const outer: T[][] = [];
    let items: T[] = [];
    let i = start;
    if (bytes[i] === BRACKET) {
      while (i < end && bytes[i] !== EQUALS) i += 1;
      i += 1;
    }
    while (i < end) {
      const byte = bytes[i];
      if (byte === OPEN) {
        outer.push(items);
        items = [];
        i += 1;
      } else if (byte === CLOSE) {
        const made = list(items);
        const parent = outer.pop();
        if (parent === undefined) break;
        if (outer.length === 0) return made;
        items = parent;
        items.push(made);
        i += 1;
      } else if (byte === delimiter) {
        i += 1;
      } else if (byte === QUOTE) {
        const close = closingQuote(bytes, i + 1, end);
        if (hasEscapes(bytes, i + 1, close)) {
          const plain = withoutEscapes(bytes, i + 1, close);
          items.push(item(plain, 0, plain.length));
        } else {
          items.push(item(bytes, i + 1, close));
        }
        i = close + 1;
      } else {
        const from = i;
        while (i < end && bytes[i] !== delimiter && bytes[i] !== CLOSE) i += 1;
        items.push(isNull(bytes, from, i) ? nothing : item(bytes, from, i));
      }
    }
    throw unreadable('an array');
  };
}

/** An array's text → JSON, without anything made of its items: half the time of a list of strings. */
export function arrayWriter(delimiter: number, item: WriteJson): WriteJson {
  return (bytes, start, end, out) => {
    let depth = 0;
    let i = start;
    if (bytes[i] === BRACKET) {
      while (i < end && bytes[i] !== EQUALS) i += 1;
      i += 1;
    }
    while (i < end) {
      const byte = bytes[i];
      if (byte === OPEN) {
        out.byte(BRACKET);
        depth += 1;
        i += 1;
      } else if (byte === CLOSE) {
        out.byte(END_BRACKET);
        depth -= 1;
        if (depth === 0) return;
        i += 1;
      } else if (byte === delimiter) {
        out.byte(COMMA);
        i += 1;
      } else if (depth === 0) {
        break;
      } else if (byte === QUOTE) {
        const close = closingQuote(bytes, i + 1, end);
        const plain = hasEscapes(bytes, i + 1, close) ? withoutEscapes(bytes, i + 1, close) : null;
        if (plain === null) item(bytes, i + 1, close, out);
        else item(plain, 0, plain.length, out);
        i = close + 1;
      } else {
        const from = i;
        while (i < end && bytes[i] !== delimiter && bytes[i] !== CLOSE) i += 1;
        if (isNull(bytes, from, i)) out.piece(NOTHING);
        else item(bytes, from, i, out);
      }
    }
    throw unreadable('an array');
  };
}

/** A reader of int2vector and oidvector: items parted by spaces, no NULLs. */
export function vectorReader<T>(making: Making<T>): (bytes: Buffer, start: number, end: number) => T {
  const { item, list } = making;
  return (bytes, start, end) => {
    const items: T[] = [];
    for (let i = start; i < end; i += 1) {
      const from = i;
      while (i < end && bytes[i] !== SPACE) i += 1;
      items.push(item(bytes, from, i));
    }
    return list(items);
  };
}

/** Where the quote is that ends an item or, in hstore, a key or value; backslash escapes. */
export function closingQuote(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === QUOTE) return i;
    if (byte === BACKSLASH) i += 1;
  }
  throw unreadable('quoted text');
}

/** An unquoted NULL: a text that spells it is always quoted. */
export function isNull(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 4 && bytes[start] === 0x4e && bytes[start + 1] === 0x55 && bytes[start + 2] === 0x4c && bytes[start + 3] === 0x4c;
}
