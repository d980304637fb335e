import { closingQuote } from './array.ts';
import { hasEscapes, QUOTE, unreadable, withoutEscapes } from './text-bytes.ts';

const ARROW = 2; // =>
const SEPARATOR = 2; // a comma and a space

/**
 * hstore's text, `"a"=>"1", "b"=>NULL`, → its pairs. Keys are unique.
 * https://www.postgresql.org/docs/current/hstore.html#HSTORE-EXTERNAL-REP
 */
export function readHstore(bytes: Buffer, start: number, end: number): [key: string, value: string | null][] {
  const pairs: [string, string | null][] = [];
  let i = start;
  while (i < end) {
    if (bytes[i] !== QUOTE) throw unreadable('an hstore');
    const keyEnd = closingQuote(bytes, i + 1, end);
    const key = textOf(bytes, i + 1, keyEnd);
    i = keyEnd + 1 + ARROW;
    if (bytes[i] === QUOTE) {
      const valueEnd = closingQuote(bytes, i + 1, end);
      pairs.push([key, textOf(bytes, i + 1, valueEnd)]);
      i = valueEnd + 1;
    } else {
      pairs.push([key, null]);
      i += 'NULL'.length;
    }
    i += SEPARATOR;
  }
  return pairs;
}

/** hstore → a JSON object of strings and nulls, as its cast to json gives. */
export function encodeHstore(bytes: Buffer, start: number, end: number): string {
  return `{${readHstore(bytes, start, end)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(',')}}`;
}

function textOf(bytes: Buffer, start: number, end: number): string {
  if (!hasEscapes(bytes, start, end)) return bytes.utf8Slice(start, end);
  const plain = withoutEscapes(bytes, start, end);
  return plain.utf8Slice(0, plain.length);
}
