import { didYouMean } from '../closest.ts';
import type { Config, HookConfig, TableConfig } from '../config.ts';
import { error, type Finding, warning } from '../finding.ts';
import type { ColumnFacts, Facts, RelationFacts } from './facts.ts';
import { watched } from './plan.ts';
import { kindObstacle } from './publishable.ts';
import { tableName } from './quote.ts';

const BOOLEAN = 16;
const JSON_TYPES = new Set([114, 3802]);

/** Where the config speaks of a table. */
export function tablePath(table: { readonly schema: string; readonly table: string }): string {
  return `tables.${tableName(table)}`;
}

/** Tables that are not there or not publishable, and columns that are not there or not what they must be. */
export function tableFindings(config: Config, facts: Facts): Finding[] {
  return [
    ...facts.tables.filter((table) => table.relation === null).map((table) =>
      error({ code: 'table_missing', message: `there is no table ${table.schema}.${table.table}${didYouMean(table.table, table.siblings)}`, path: tablePath(table) }),
    ),
    ...watched(config, facts).flatMap(({ table, relation }) => {
      const obstacle = kindObstacle(relation);
      if (obstacle !== null) {
        return [error({ code: obstacle.code, message: `${tableName(table)} cannot be watched: ${obstacle.message}`, fix: obstacle.fix, path: tablePath(table) })];
      }
      return [...keyFindings(table, relation), ...columnFindings(config, table, relation), ...partitionFindings(config, table, relation)];
    }),
  ];
}

function keyFindings(table: TableConfig, relation: RelationFacts): Finding[] {
  if (table.key !== null || relation.primaryKey !== null) return [];
  return [
    error({
      code: 'no_key',
      message: `table ${tableName(table)} has no primary key, and the config names no key: deletes and lanes need one`,
      fix: `key: [<columns>] under ${tablePath(table)}`,
      path: `${tablePath(table)}.key`,
    }),
  ];
}

/** Every column that the config names for a table. */
function columnFindings(config: Config, table: TableConfig, relation: RelationFacts): Finding[] {
  const path = tablePath(table);
  const there = new Map(relation.columns.map((column) => [column.name, column]));
  const missing = (name: string, at: string): Finding =>
    error({ code: 'column_missing', message: `table ${tableName(table)} has no column ${name}${didYouMean(name, there.keys())}`, path: at });
  const absent = (names: readonly string[], at: string): Finding[] => names.filter((name) => !there.has(name)).map((name) => missing(name, at));

  return [
    ...absent(table.key ?? [], `${path}.key`),
    ...absent(table.lookup, `${path}.lookup`),
    ...visibilityFindings(table, there, missing),
    ...hooksOf(config, table).flatMap((hook) => [
      ...absent(hook.changed ?? [], `hooks.${hook.name}.changed`),
      ...absent(hook.order_by ?? [], `hooks.${hook.name}.order_by`),
      ...absent(hook.fields.only ?? [], `hooks.${hook.name}.fields.only`),
      ...absent(hook.fields.omit, `hooks.${hook.name}.fields.omit`),
      ...absent([...hook.fields.rename.keys()], `hooks.${hook.name}.fields.rename`),
      ...renameFindings(hook, table, [...there.keys()]),
    ]),
  ];
}

/** A column may not get the name that another one is sent by. */
function renameFindings({ name, fields }: HookConfig, table: TableConfig, columns: readonly string[]): Finding[] {
  const flags = table.visibility === null ? [] : table.visibility.kind === 'json' ? [table.visibility.column] : [...table.visibility.flags.values()];
  const unsent = new Set([...fields.omit, ...fields.rename.keys(), ...fields.set.keys(), ...flags]);
  const kept = new Set((fields.only ?? columns).filter((column) => columns.includes(column) && !unsent.has(column)));
  return [...fields.rename].flatMap(([column, target]) =>
    kept.has(target)
      ? [error({ code: 'rename_taken', message: `${column} of ${tableName(table)} is renamed to the name of a column that is sent too`, fix: `${target} under omit, or another name`, path: `hooks.${name}.fields.rename.${column}` })]
      : [],
  );
}

function visibilityFindings(
  table: TableConfig,
  there: ReadonlyMap<string, ColumnFacts>,
  missing: (name: string, at: string) => Finding,
): Finding[] {
  const { visibility } = table;
  const path = `${tablePath(table)}.visibility`;
  if (visibility === null) return [];
  if (visibility.kind === 'json') {
    const column = there.get(visibility.column);
    if (column === undefined) return [missing(visibility.column, `${path}.column`)];
    if (JSON_TYPES.has(column.baseOid)) return [];
    return [error({ code: 'visibility_not_json', message: `column ${column.name} of ${tableName(table)} is ${column.type}, and must be json or jsonb to hold flags`, path: `${path}.column` })];
  }
  return [...visibility.flags].flatMap(([field, flag]) => {
    const at = `${path}.${field}`;
    const column = there.get(flag);
    const found = there.has(field) ? [] : [missing(field, at)];
    if (column === undefined) return [...found, missing(flag, at)];
    if (column.baseOid === BOOLEAN) return found;
    return [...found, error({ code: 'flag_not_boolean', message: `column ${flag} of ${tableName(table)} is ${column.type}, and must be boolean to tell whether ${field} may be seen`, path: at })];
  });
}

function partitionFindings(config: Config, table: TableConfig, relation: RelationFacts): Finding[] {
  const found: Finding[] = [];
  const root = relation.partitionOf;
  if (root !== null && config.tables.some((other) => other.schema === root.schema && other.table === root.table)) {
    found.push(warning({ code: 'partition_and_root', message: `${tableName(table)} is a partition of ${tableName(root)}, which is watched too: its changes are events of ${tableName(root)} alone`, path: tablePath(table) }));
  }
  const foreign = relation.partitions.find((partition) => partition.kind === 'foreign table');
  if (foreign !== undefined) {
    found.push(warning({ code: 'foreign_partition', message: `partition ${tableName(foreign)} of ${tableName(table)} is a foreign table: its changes are not in this server's WAL`, path: tablePath(table) }));
  }
  return found;
}

export function hooksOf(config: Config, table: TableConfig): HookConfig[] {
  return config.hooks.filter((hook) => hook.schema === table.schema && hook.table === table.table);
}
