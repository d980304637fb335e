import { BACKSLASH, COMMA, hasEscapes, QUOTE, unreadable, withoutEscapes } from './text-bytes.ts';

const OPEN = 0x28; // (
const CLOSE = 0x29; // )

/** What to make of a composite's fields, in the order of its attributes. */
export interface CompositeMaking<T> {
  readonly nothing: T;
  readonly fields: readonly ((bytes: Buffer, start: number, end: number) => T)[];
  /** Gets a value for each field that is there. */
  readonly record: (values: T[]) => T;
}

/**
 * A reader of composite values' text: `(1,"a ""b""",)`. Nothing between two commas is NULL.
 * A value written before attributes were added to its type has fewer fields than the type now has: those it has are
 * read. More fields than attributes are refused, as a newer type must be looked up first.
 * https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
 */
export function compositeReader<T>(making: CompositeMaking<T>): (bytes: Buffer, start: number, end: number) => T {
  const { nothing, fields, record } = making;
  return (bytes, start, end) => {
    if (bytes[start] !== OPEN || bytes[end - 1] !== CLOSE) throw unreadable('a composite');
    const values: T[] = [];
    const last = end - 1;
    if (fields.length === 0 && last === start + 1) return record(values);
    let i = start + 1;
    for (const field of fields) {
      if (bytes[i] === QUOTE) {
        const close = closingQuote(bytes, i + 1, last);
        if (hasEscapes(bytes, i + 1, close)) {
          const plain = withoutEscapes(bytes, i + 1, close);
          values.push(field(plain, 0, plain.length));
        } else {
          values.push(field(bytes, i + 1, close));
        }
        i = close + 1;
      } else {
        const from = i;
        while (i < last && bytes[i] !== COMMA) i += 1;
        values.push(i === from ? nothing : field(bytes, from, i));
      }
      if (i === last) return record(values);
      if (bytes[i] !== COMMA) break;
      i += 1;
    }
    throw unreadable('a composite');
  };
}

/** Where the quote is that ends a field: one that is not doubled. */
function closingQuote(bytes: Buffer, start: number, end: number): number {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i];
    if (byte === BACKSLASH) i += 1;
    else if (byte === QUOTE) {
      if (bytes[i + 1] !== QUOTE) return i;
      i += 1;
    }
  }
  throw unreadable('a composite');
}
