import { didYouMean } from '../closest.ts';
import { WalhookError } from '../errors.ts';

/** The value of each column of a table's key; null if none is asked for. @throws WalhookError `bad_request` for a column that is missing, or is none of the key */
export function keyOf(given: Readonly<Record<string, string>> | undefined, key: readonly string[], table: string): ReadonlyMap<string, string> | null {
  if (given === undefined || Object.keys(given).length === 0) return null;
  const names = `the key of ${table} is ${key.join(', ')}`;
  const other = Object.keys(given).find((column) => !key.includes(column));
  if (other !== undefined) throw refused(`${names}, and has no ${other}${didYouMean(other, key)}`);
  const values = new Map<string, string>();
  for (const column of key) {
    const value = Object.hasOwn(given, column) ? given[column] : undefined;
    if (value === undefined) throw refused(`${names}: ${column} is missing`);
    values.set(column, value);
  }
  return values;
}

function refused(message: string): WalhookError {
  return new WalhookError(message, { code: 'bad_request' });
}
