import { didYouMean } from '../closest.ts';
import type { CurrentEvents } from '../current-events.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { codeOf, sqlState } from '../reaction.ts';
import { identifier, qualified, tableName } from '../source/quote.ts';
import type { ReadOnlyDatabase } from '../source/read-only-database.ts';

export type TextRow = readonly (string | null)[];

/** Milliseconds. */
const TIMEOUT = 10_000;

/**
 * The row with a key, or the first one in the order of the key.
 *
 * @param keyOf the values of the key's columns, null for the first row; may throw for what is no key of the table
 * @throws WalhookError `no_row`, or `usage` for what cannot be a key of the table
 */
export async function readRow(current: CurrentEvents, keyOf: (key: readonly string[], table: string) => ReadonlyMap<string, string> | null): Promise<TextRow> {
  const { key, table } = current;
  const name = tableName(table.relation);
  if (key.length === 0) throw usage(`table ${name} has no key to find a row by`, `tables.${name}.key in the configuration names its columns`);
  const values = keyOf(key, name);
  const texts = key.map((column) => values?.get(column) ?? null);
  try {
    const [row] = values === null ? await current.page(null, 1) : await current.byKeys([texts]);
    if (row != null) return row;
  } catch (error) {
    if (sqlState(error)?.startsWith('22') !== true) throw error;
    throw usage(`--key: that cannot be a value of ${key.join(', ')} of ${name} (SQLSTATE ${codeOf(error)})`);
  }
  throw new WalhookError(values === null ? `table ${name} has no rows` : `table ${name} has no row with that key, or it is not published`, {
    code: 'no_row',
    ...(values === null ? {} : { hint: 'without --key the first row is shown' }),
    exit: EXIT.failure,
  });
}

export interface GivenColumns {
  /** An object of columns, each as json_populate_record reads it. */
  readonly json: string;
  /** Where it was given, for messages: `--old`. */
  readonly option: string;
  readonly database: ReadOnlyDatabase;
}

/**
 * A row as it was before, or as it might be: what is given over what it has. Reads nothing but the types of the table.
 *
 * @throws WalhookError `usage` for what cannot be a row of the table
 */
export async function rowBefore({ table: { relation } }: CurrentEvents, row: TextRow, { json, option, database }: GivenColumns): Promise<TextRow> {
  const names = relation.columns.map(({ name }) => name);
  const given = columnsGiven(json, option);
  const unknown = given.find((name) => !names.includes(name));
  if (unknown !== undefined) throw usage(`${option}: table ${tableName(relation)} has no column ${JSON.stringify(unknown)}${didYouMean(unknown, names)}`);
  try {
    const columns = names.map((name) => `before.${identifier(name)}`).join(', ');
    const [before] = await database.run({ text: `select ${columns} from json_populate_record(null::${qualified(relation)}, $1::json) as before`, values: [json] }, TIMEOUT);
    return names.map((name, column) => (given.includes(name) ? before : row)?.[column] ?? null);
  } catch (error) {
    // Not of its type, or not of its domain.
    if (!/^2[23]/.test(sqlState(error) ?? '')) throw error;
    throw usage(`${option}: a column of ${tableName(relation)} cannot hold its value (SQLSTATE ${codeOf(error)})`);
  }
}

function columnsGiven(json: string, option: string): string[] {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.keys(value);
  } catch {
    // The error would quote it.
  }
  throw usage(`${option}: this is not a JSON object`);
}

function usage(message: string, hint = 'walhook render --help'): WalhookError {
  return new WalhookError(message, { code: 'usage', hint, exit: EXIT.usage });
}
