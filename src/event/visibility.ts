import { type Change, type Relation, TEXT, type Tuple } from '../change.ts';
import type { VisibilityConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { type ColumnSet, holderOf } from '../event.ts';

/** Reads from a row which of its columns are hidden. */
export interface Visibility {
  /** Columns that say what may be seen, and are no data. */
  readonly flagColumns: readonly number[];
  /**
   * Fills `hidden` for a tuple of the change and returns true if anything is hidden. Where the row does not tell, the
   * column counts as hidden: better to lose an event's detail than a secret.
   */
  read(change: Change, tuple: Tuple, hidden: ColumnSet): boolean;
}

export interface VisibleTable {
  /** Columns that an event shows where nothing at all is known, so that a receiver can still find its record. */
  readonly key: readonly number[];
  /** Names of the columns that the table has now. */
  readonly live: readonly string[];
}

/** @throws WalhookError `visibility_column` if a field to be hidden has gone, for it may go on under another name. */
export function compileVisibility(config: VisibilityConfig, relation: Relation, { key, live }: VisibleTable): Visibility {
  const index = new Map(relation.columns.map((column, i) => [column.name, i]));
  if (config.kind === 'json') return new JsonVisibility(index, index.get(config.column), key);
  const pairs = [...config.flags].flatMap(([field, flag]) => {
    const column = index.get(field);
    // A flag column that is gone hides its field.
    return column === undefined ? [] : [{ column, flag: index.get(flag) ?? -1 }];
  });
  const absent = [...config.flags.keys()].filter((field) => !index.has(field));
  const earlier = absent.length === 0 ? [] : earlierNames(absent, relation, live);
  return new FlagVisibility([...pairs, ...earlier.map((column) => ({ column, flag: -1 }))]);
}

/**
 * Columns that may hold an absent field under an earlier name: rows in the WAL can be older than the config, which fits
 * the table as it is now. A field that the table does not have now either was dropped or renamed, and renamed to what
 * nobody can tell.
 */
function earlierNames(absent: readonly string[], relation: Relation, live: readonly string[]): number[] {
  const gone = absent.find((field) => !live.includes(field));
  if (gone !== undefined) {
    const table = `${relation.schema}.${relation.table}`;
    throw new WalhookError(`table ${table} has no column ${gone} any more: what \`visibility\` hides could go out under another name`, {
      code: 'visibility_column',
      hint: `in the config, give ${gone} its new name under \`visibility\` of ${table}, or take it out if the column was dropped`,
      exit: EXIT.checkFailed,
    });
  }
  return relation.columns.flatMap((column, i) => (live.includes(column.name) ? [] : [i]));
}

const TRUE = 0x74; // 't', as boolout writes it

/** One boolean column for each field. */
class FlagVisibility implements Visibility {
  readonly #pairs: readonly { readonly column: number; readonly flag: number }[];
  readonly flagColumns: readonly number[];

  constructor(pairs: readonly { readonly column: number; readonly flag: number }[]) {
    this.#pairs = pairs;
    this.flagColumns = pairs.map((pair) => pair.flag).filter((flag) => flag >= 0);
  }

  read(change: Change, tuple: Tuple, hidden: ColumnSet): boolean {
    let any = false;
    hidden.fill(0);
    for (const { column, flag } of this.#pairs) {
      const from = flag < 0 ? null : holderOf(change, tuple, flag);
      const visible = from !== null && from.kind[flag] === TEXT && from.bytes[from.start[flag]!] === TRUE;
      if (visible) continue;
      hidden[column] = 1;
      any = true;
    }
    return any;
  }
}

/** One json column whose keys are fields. A field it does not name may be seen; one it names only if it says `true`. */
class JsonVisibility implements Visibility {
  readonly #index: ReadonlyMap<string, number>;
  readonly #column: number | undefined;
  readonly #key: readonly number[];
  readonly flagColumns: readonly number[];

  constructor(index: ReadonlyMap<string, number>, column: number | undefined, key: readonly number[]) {
    this.#index = index;
    this.#column = column;
    this.#key = key;
    this.flagColumns = column === undefined ? [] : [column];
  }

  read(change: Change, tuple: Tuple, hidden: ColumnSet): boolean {
    const flags = this.#flags(change, tuple);
    if (flags === null) {
      hidden.fill(1);
      // Of the row before an update nothing needs to be shown.
      if (tuple !== change.old || change.kind === 'delete') for (const column of this.#key) hidden[column] = 0;
      return true;
    }
    let any = false;
    hidden.fill(0);
    for (const [field, visible] of Object.entries(flags)) {
      const column = this.#index.get(field);
      if (column === undefined || visible === true) continue;
      hidden[column] = 1;
      any = true;
    }
    return any;
  }

  /** The json object; empty for NULL; null if it is not known or no object. */
  #flags(change: Change, tuple: Tuple): object | null {
    const column = this.#column;
    if (column === undefined) return null;
    const from = holderOf(change, tuple, column);
    if (from === null) return null;
    if (from.kind[column] !== TEXT) return {};
    const value = parse(from.bytes.toString('utf8', from.start[column], from.end[column]));
    if (value === null) return {};
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  }
}

/** undefined for what is no JSON, as a text column may hold: the error would quote it. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
