import type { Config, TableConfig } from './config.ts';

/**
 * Columns that the config names for a table and that the table does not have (any more), but for those under `visibility`,
 * which end the stream. Without them events go on: a key has one part less, and what the others would add is left out.
 */
export function missingColumns(config: Config, table: TableConfig, there: readonly string[]): string[] {
  const hooks = config.hooks.filter((hook) => hook.schema === table.schema && hook.table === table.table);
  const named = [
    ...(table.key ?? []),
    ...table.lookup,
    ...hooks.flatMap(({ changed, order_by, fields }) => [...(changed ?? []), ...(order_by ?? []), ...(fields.only ?? []), ...fields.omit, ...fields.rename.keys()]),
  ];
  return [...new Set(named)].filter((name) => !there.includes(name));
}
