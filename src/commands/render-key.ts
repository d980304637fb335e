import { didYouMean } from '../closest.ts';
import { EXIT, WalhookError } from '../errors.ts';

/**
 * What the `--key` options say: the value of each column of the key, as text. Null if there are none.
 *
 * @param given `42`, where the key has one column; else `id=42`, once for each
 * @param key the table's key columns, in order
 * @param table its name, for messages
 * @throws WalhookError `usage` for a column that is not in the key, or that is missing or named twice
 */
export function keyValues(given: readonly string[], key: readonly string[], table: string): ReadonlyMap<string, string> | null {
  if (given.length === 0) return null;
  if (key.length === 0) throw usage(`table ${table} has no key to find a row by`, `tables.${table}.key in the configuration names its columns; without --key the first row is shown`);
  const names = `the key of ${table} is ${key.join(', ')}`;
  const values = new Map<string, string>();
  for (const text of given) {
    const [column, value] = pairOf(text, key, names);
    if (values.has(column)) throw usage(`--key ${column}: it is given twice`);
    values.set(column, value);
  }
  const missing = key.filter((column) => !values.has(column));
  if (missing.length > 0) throw usage(`${names}: ${missing.map((column) => `--key ${column}=…`).join(' ')} is missing`);
  return values;
}

function pairOf(text: string, key: readonly string[], names: string): readonly [column: string, value: string] {
  const named = key.find((column) => text.startsWith(`${column}=`));
  if (named !== undefined) return [named, text.slice(named.length + 1)];
  const [only] = key;
  // The value itself may have an equals sign.
  if (only !== undefined && key.length === 1) return [only, text];
  const [, column] = /^(\w+)=/.exec(text) ?? [];
  throw usage(column === undefined ? `${names}: each needs its name, as in --key ${only}=…` : `--key: ${names}, and has no ${column}${didYouMean(column, key)}`);
}

function usage(message: string, hint = 'walhook render --help'): WalhookError {
  return new WalhookError(message, { code: 'usage', hint, exit: EXIT.usage });
}
