import type { HookConfig, TableConfig } from '../config.ts';

type Columns = ReadonlyMap<string, string>;

export interface TestedTable {
  readonly table: TableConfig;
  readonly hook: HookConfig;
  /** Its columns. */
  readonly columns: readonly string[];
}

/**
 * A row of a test as JSON that has the table's columns: those that `rename` has other names for, and the flags of `visibility`
 * that the test leaves to what the fields show.
 *
 * @param given JSON text by name
 * @param isWhole false: only the columns that were different
 */
export function rowJson(given: Columns, tested: TestedTable, isWhole: boolean): string {
  const row = withFlags(byColumn(given, tested), tested.table, isWhole);
  return `{${[...row].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(',')}}`;
}

function byColumn(given: Columns, { hook: { fields }, columns }: TestedTable): Map<string, string> {
  const renamed = new Map([...fields.rename].map(([column, name]) => [name, column]));
  const row = new Map<string, string>();
  for (const [name, json] of given) {
    const column = columns.includes(name) ? name : renamed.get(name);
    if (column !== undefined) row.set(column, json);
    // What is no column at all is told of where the row is made.
    else if (!fields.set.has(name)) row.set(name, json);
  }
  return row;
}

function withFlags(row: Map<string, string>, { visibility, redacted }: TableConfig, isWhole: boolean): Map<string, string> {
  const hidden = JSON.stringify(redacted);
  if (visibility === null) return row;
  if (visibility.kind === 'json') {
    if (row.has(visibility.column)) return row;
    const fields = [...row].filter(([, json]) => json === hidden).map(([name]) => name);
    for (const field of fields) hide(row, field, isWhole);
    if (fields.length > 0) row.set(visibility.column, JSON.stringify(Object.fromEntries(fields.map((field) => [field, false]))));
    return row;
  }
  for (const [field, flag] of visibility.flags) {
    if (row.has(flag) || !(isWhole || row.has(field))) continue;
    const isHidden = row.get(field) === hidden;
    row.set(flag, String(!isHidden));
    if (isHidden) hide(row, field, isWhole);
  }
  return row;
}

/** Nobody sees its value: before an update it is what it is after it. */
function hide(row: Map<string, string>, field: string, isWhole: boolean): void {
  if (isWhole) row.set(field, 'null');
  else row.delete(field);
}
