import { type Change, type Relation, type Tuple, UNCHANGED } from './change.ts';

/** What an event says happened, as `meta.operation` names it. */
export type Operation = 'data_insert' | 'data_update' | 'visibility_update' | 'delete' | 'truncate';

/** A relation version as the config sees it: column names have become indexes. */
export interface WatchedTable {
  readonly relation: Relation;
  /** `schema.table`. */
  readonly name: string;
  /** Columns that identify a row. */
  readonly key: readonly number[];
  readonly lookup: readonly number[];
  /** For each column, 1 if it is a flag: it says what may be seen and is no data itself. */
  readonly flag: Uint8Array;
  /** Stands in place of a hidden value. */
  readonly redacted: string;
}

/** For each column, 1 or 0. */
export type ColumnSet = Uint8Array;

/**
 * What a change means. Like its change, it is made once and filled anew: valid only until its handler returns.
 * Nobody may read a column's value that `hidden` (or, in the row before, `hiddenBefore`) names, but to redact it.
 */
export interface Event {
  readonly operation: Operation;
  /** True for a row that was there before, which nobody has changed. */
  readonly isBackfill: boolean;
  readonly table: WatchedTable;
  readonly change: Change;
  /** Counts the events of this process: tells one from the next. */
  readonly serial: number;
  /** The row the event tells of: the new one, or for a delete the old one. Null for a truncate. */
  readonly row: Tuple | null;
  /** Hidden columns of `row`; null if there are none. */
  readonly hidden: ColumnSet | null;
  /** Hidden columns of the row before; null if there are none. */
  readonly hiddenBefore: ColumnSet | null;
  /** Columns whose change a receiver may see; null where the WAL does not tell what changed. */
  readonly changed: ColumnSet | null;
}

/** True if the old tuple tells the column's value before the change. */
export function isKnownBefore(change: Change, column: number): boolean {
  const { old } = change;
  if (old === null || old.kind[column] === UNCHANGED) return false;
  return !change.oldIsKey || change.relation.columns[column]?.identity === true;
}

/** The tuple that holds the value of a column in the event's row: see `holderOf`. */
export function tupleOf({ row, change }: Event, column: number): Tuple | null {
  return row === null ? null : holderOf(change, row, column);
}

/**
 * The tuple that holds the value of a column in one of the change's rows: that row itself, or, for a TOASTed value that
 * was not changed, the old row. Null if the WAL does not carry the value.
 */
export function holderOf(change: Change, row: Tuple, column: number): Tuple | null {
  if (row !== change.old && row.kind[column] !== UNCHANGED) return row;
  return isKnownBefore(change, column) ? change.old : null;
}
