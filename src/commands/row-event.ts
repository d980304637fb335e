import type { RowOperation } from '../config.ts';
import type { CurrentEvents } from '../current-events.ts';
import { foundAt } from '../event/row-events.ts';
import { parseLsn } from '../lsn.ts';
import type { ReadOnlyDatabase } from '../source/read-only-database.ts';
import { shownEvent, type ShownEvent } from './render-event.ts';
import type { FindEvent } from './render-hook.ts';
import { readRow, rowBefore, type TextRow } from './render-row.ts';

export interface RowAsked {
  /** The value of each column of the key; null: the first row. Throws for what cannot be a key of the table. */
  readonly key: (key: readonly string[], table: string) => ReadonlyMap<string, string> | null;
  /** What the row was before, as JSON; null: not known. */
  readonly old: string | null;
  /** Null: whatever kind of update it is. */
  readonly operation: RowOperation | null;
  readonly database: ReadOnlyDatabase;
}

/** The event of a row as it is now. Throws as `readRow`, `rowBefore` and `shownEvent` do. */
export function rowEvent({ key, old, operation, database }: RowAsked): FindEvent {
  return async (current, lsn) => {
    const row = await readRow(current, key);
    const before = old === null ? null : await rowBefore(current, row, { json: old, option: '--old', database });
    const shown = eventOfRows(current, { row, before, operation, lsn });
    return { ...shown, table: current.table, key: keyShown(current, row, shown), id: null };
  };
}

export interface Rows {
  readonly row: TextRow;
  /** Null: not known. */
  readonly before: TextRow | null;
  readonly operation: RowOperation | null;
  /** The end of the WAL. */
  readonly lsn: string;
}

/** The event of a change from one row to another, at this moment. Throws as `shownEvent` does. */
export function eventOfRows(current: CurrentEvents, { row, before, operation, lsn }: Rows): ShownEvent {
  const transaction = foundAt(Date.now(), parseLsn(lsn));
  const tuple = (values: TextRow) => current.event(values, transaction).row;
  const now = tuple(row);
  if (now === null) throw new Error('a row has values');
  return shownEvent(current.table, { operation, row: now, old: before === null ? null : tuple(before), transaction });
}

function keyShown(current: CurrentEvents, row: TextRow, { event }: ShownEvent): Record<string, string | null> {
  const values = current.keyOf(row);
  const { columns } = current.table.relation;
  return Object.fromEntries(
    current.key.flatMap((name, index) => {
      const column = columns.findIndex((one) => one.name === name);
      return event.hidden?.[column] === 1 ? [] : [[name, values[index] ?? null]];
    }),
  );
}
