import type { LiveTable, Relation } from '../change.ts';
import type { TableConfig } from '../config.ts';
import type { WatchedTable } from '../event.ts';
import { compileVisibility, type Visibility } from './visibility.ts';

export interface TablePlan extends WatchedTable {
  /** Null if every column may be seen. */
  readonly visibility: Visibility | null;
}

/**
 * Compiles what the config says of a table against one version of its relation. Columns that are not there (any more)
 * are left out: `check` complains about them.
 * @param live its primary key is used where the config names no key
 * @throws WalhookError `visibility_column`: see `compileVisibility`
 */
export function watchTable(relation: Relation, config: TableConfig, live: LiveTable): TablePlan {
  const indexes = (names: readonly string[]): number[] =>
    names.map((name) => relation.columns.findIndex((column) => column.name === name)).filter((i) => i >= 0);
  const key = indexes(config.key ?? live.primaryKey);
  const visibility = config.visibility === null ? null : compileVisibility(config.visibility, relation, { key, live: live.columns });
  const flag = new Uint8Array(relation.columns.length);
  for (const column of visibility?.flagColumns ?? []) flag[column] = 1;
  return {
    relation,
    name: `${relation.schema}.${relation.table}`,
    key,
    lookup: indexes(config.lookup),
    flag,
    redacted: config.redacted,
    visibility,
  };
}
