import type { Config } from '../config.ts';
import { error, type Finding } from '../finding.ts';
import type { Facts } from './facts.ts';
import { watched } from './plan.ts';
import { tableName } from './quote.ts';
import { hooksOf } from './table-findings.ts';

/** Hooks with a schedule store the key of a row, to read it when its time comes: a hidden value may not be stored. */
export function scheduleFindings(config: Config, facts: Facts): Finding[] {
  return watched(config, facts).flatMap(({ table, relation }) => {
    const { visibility } = table;
    if (visibility?.kind !== 'columns') return [];
    const hidden = (table.key ?? relation.primaryKey ?? []).filter((column) => visibility.flags.has(column));
    if (hidden.length === 0) return [];
    return hooksOf(config, table)
      .filter(({ schedule }) => schedule !== null)
      .map(({ name }) =>
        error({
          code: 'schedule_key_hidden',
          message: `hook ${name} has a schedule, for which it would store the key of rows of ${tableName(table)}: ${hidden.join(', ')} may be hidden`,
          fix: 'a key without it, or no schedule',
          path: `hooks.${name}.schedule`,
        }),
      );
  });
}
