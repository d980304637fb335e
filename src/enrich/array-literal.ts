import { textOf } from '../expression/value-text.ts';

/** A list as the text of a Postgres array: `{"a","b",NULL}`. https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO */
export function arrayLiteral(items: readonly unknown[]): string {
  return `{${items.map(element).join(',')}}`;
}

function element(item: unknown): string {
  if (Array.isArray(item)) return arrayLiteral(item);
  const text = textOf(item);
  return text === null ? 'NULL' : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
