import type { Relation } from '../change.ts';
import type { FieldsConfig } from '../config.ts';
import type { WatchedTable } from '../event.ts';

/** What `fields` and the flags leave of a table's columns, by index, in the table's order. */
export interface DataColumns {
  /** Those of a row. */
  readonly row: readonly number[];
  /** Those of the key, in its order, `only` or not: a delete must tell of which row it is. */
  readonly key: readonly number[];
  /** The name of every column in a body: its own, or the new one. */
  readonly names: readonly string[];
  /** The constant fields: `"name":value` with commas between. */
  readonly constants: string;
}

/** Flag columns are no data, and a constant takes the place of the column whose name it has. */
export function dataColumns(table: WatchedTable, fields: FieldsConfig): DataColumns {
  const { columns } = table.relation;
  const names = columns.map((column) => fields.rename.get(column.name) ?? column.name);
  const isOwn = (column: number): boolean => !fields.set.has(names[column] ?? '');
  return {
    row: selected(table.relation, fields).filter((column) => table.flag[column] === 0 && isOwn(column)),
    key: table.key.filter((column) => !fields.omit.includes(columns[column]?.name ?? '') && isOwn(column)),
    names,
    constants: [...fields.set].map(([name, json]) => `${JSON.stringify(name)}:${json}`).join(','),
  };
}

/** Indexes of the columns that `only` and `omit` leave, in the table's order. */
function selected(relation: Relation, fields: FieldsConfig): number[] {
  return relation.columns.flatMap((column, i) => {
    if (fields.only !== null && !fields.only.includes(column.name)) return [];
    return fields.omit.includes(column.name) ? [] : [i];
  });
}
