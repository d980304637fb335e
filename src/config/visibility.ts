import type { VisibilityConfig } from '../config.ts';
import type { Reading } from './kinds.ts';

/** `{ country: country_visible }`, or `{ column: privacy }` for one json column that has all flags. */
export function visibility(flags: ReadonlyMap<string, string>): Reading<VisibilityConfig> {
  if (flags.size === 0) return { refused: 'names no field: remove it' };
  const column = flags.get('column');
  if (column !== undefined) {
    return flags.size === 1
      ? { value: { kind: 'json', column } }
      : { refused: '`column` names the one json column that has all flags: nothing may stand beside it' };
  }
  const columns = new Set(flags.values());
  const both = [...flags.keys()].find((field) => columns.has(field));
  return both === undefined
    ? { value: { kind: 'columns', flags } }
    : { refused: `${JSON.stringify(both)} cannot be both a field and a flag` };
}
