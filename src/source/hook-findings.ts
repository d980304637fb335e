import type { Config, HookConfig, TableConfig } from '../config.ts';
import { error, type Finding, info, warning } from '../finding.ts';
import type { Facts, RelationFacts } from './facts.ts';
import { watched } from './plan.ts';
import { kindObstacle, plannedIdentity } from './publishable.ts';
import { tableName } from './quote.ts';
import { hooksOf, tablePath } from './table-findings.ts';

const FULL = 'replica_identity: full';

interface Watched {
  readonly table: TableConfig;
  readonly relation: RelationFacts;
  /** Columns of the old row that the WAL has. */
  readonly logged: ReadonlySet<string>;
}

/** What the config asks of old rows that the WAL, by the table's replica identity, does not hold. */
export function hookFindings(config: Config, facts: Facts): Finding[] {
  return watched(config, facts).flatMap(({ table, relation }) => {
    const identity = plannedIdentity(table, relation, facts);
    if (identity.setting === 'f' || kindObstacle(relation) !== null) return [];
    const watching: Watched = { table, relation, logged: new Set(identity.columns) };
    const hooks = hooksOf(config, table);
    return [
      ...keyFindings(hooks, watching),
      ...lookupFindings(hooks, watching),
      ...visibilityFindings(hooks, watching),
      ...hooks.flatMap((hook) => filterFindings(hook, watching)),
      ...unchangedFindings(hooks, watching),
    ];
  });
}

function keyFindings(hooks: readonly HookConfig[], { table, relation, logged }: Watched): Finding[] {
  const key = table.key ?? relation.primaryKey ?? [];
  const found: Finding[] = [];
  const lost = key.filter((column) => !logged.has(column));
  if (lost.length > 0 && hooks.some((hook) => hook.events.includes('delete'))) {
    found.push(
      error({
        code: 'key_not_logged',
        message: `deletes of ${tableName(table)} cannot tell their key: ${lost.join(', ')} ${lost.length === 1 ? 'is' : 'are'} not in its replica identity`,
        fix: `${FULL}, or deletes left out of events`,
        path: `${tablePath(table)}.key`,
      }),
    );
  }
  for (const hook of hooks) {
    const unordered = (hook.order_by ?? []).filter((column) => !logged.has(column));
    if (unordered.length === 0 || !hook.events.includes('delete')) continue;
    found.push(
      error({
        code: 'order_by_not_logged',
        message: `deletes of ${tableName(table)} cannot tell the lane of hook ${hook.name}: ${unordered.join(', ')} ${unordered.length === 1 ? 'is' : 'are'} not in the replica identity`,
        fix: `${FULL}, or deletes left out of events`,
        path: `hooks.${hook.name}.order_by`,
      }),
    );
  }
  return found;
}

function lookupFindings(hooks: readonly HookConfig[], { table, logged }: Watched): Finding[] {
  const lost = table.lookup.filter((column) => !logged.has(column));
  if (lost.length === 0 || hooks.length === 0) return [];
  return [
    warning({
      code: 'lookup_not_logged',
      message: `lookup_values of ${tableName(table)} have no ${lost.join(', ')} for a delete, and no previous_value for an update: the WAL has only the key of old rows`,
      fix: FULL,
      path: `${tablePath(table)}.lookup`,
    }),
  ];
}

function visibilityFindings(hooks: readonly HookConfig[], { table, logged }: Watched): Finding[] {
  const { visibility } = table;
  if (visibility === null || !hooks.some((hook) => hook.events.includes('update') || hook.events.includes('visibility_update'))) return [];
  const flags = visibility.kind === 'json' ? [visibility.column] : [...visibility.flags.values()];
  if (flags.every((flag) => logged.has(flag))) return [];
  return [
    error({
      code: 'visibility_not_logged',
      message: `an update of ${tableName(table)} cannot tell whether visibility changed: the WAL has only the key of old rows`,
      fix: FULL,
      path: `${tablePath(table)}.visibility`,
    }),
  ];
}

function filterFindings(hook: HookConfig, { table, logged }: Watched): Finding[] {
  if (!hook.events.includes('update') && !hook.events.includes('visibility_update')) return [];
  const found: Finding[] = [];
  if (hook.changed !== null && hook.changed.some((column) => !logged.has(column))) {
    found.push(error({ code: 'changed_not_logged', message: `hook ${hook.name} asks which columns of ${tableName(table)} changed, but the WAL has only the key of old rows`, fix: FULL, path: `hooks.${hook.name}.changed` }));
  }
  if (hook.entering) {
    found.push(error({ code: 'entering_not_logged', message: `hook ${hook.name} asks whether a row of ${tableName(table)} matched before, but the WAL has only the key of old rows`, fix: FULL, path: `hooks.${hook.name}.entering` }));
  }
  // A word in a string may look like it too; then the warning is one too many.
  if (hook.when !== null && /\b(?:old|changed)\b/.test(hook.when)) {
    found.push(warning({ code: 'old_not_logged', message: `in \`when\` of hook ${hook.name}, old is null for an update of ${tableName(table)} that leaves its key alone: the WAL has no old row`, fix: FULL, path: `hooks.${hook.name}.when` }));
  }
  return found;
}

function unchangedFindings(hooks: readonly HookConfig[], { table }: Watched): Finding[] {
  if (!hooks.some((hook) => hook.events.includes('update'))) return [];
  return [
    info({
      code: 'unchanged_not_told',
      message: `an update of ${tableName(table)} that changes nothing is sent all the same: the WAL has no old row to compare with`,
      fix: FULL,
      path: tablePath(table),
    }),
  ];
}
