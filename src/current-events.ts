import type { Transaction } from './change.ts';
import type { Config, TableConfig } from './config.ts';
import { RowEvents } from './event/row-events.ts';
import { type TablePlan, watchTable } from './event/watched-table.ts';
import type { Event } from './event.ts';
import { CurrentRows, currentTable, type RowsDatabase, type TextRow } from './source/current-rows.ts';

/** The rows of a table as they are now, as events. */
export interface CurrentEvents {
  readonly table: TablePlan;
  /** Names of the columns by which rows are found: those of `key`, or of the primary key. Empty if there is neither. */
  readonly key: readonly string[];
  /** The rows with these keys, each a text for each of `key`, in their order; null for one that is not there. */
  byKeys(keys: readonly TextRow[]): Promise<(TextRow | null)[]>;
  /** The next rows in the order of the key, those behind the key `after` or the first. */
  page(after: TextRow | null, limit: number): Promise<readonly TextRow[]>;
  keyOf(row: TextRow): TextRow;
  /**
   * An insert of the row, which hides what the stream would hide. Valid until the next call.
   *
   * @param transaction see `foundAt` of event/row-events.ts
   * @param isBackfill what the event says of itself. Default: no.
   */
  event(row: TextRow, transaction: Transaction, isBackfill?: boolean): Event;
}

/**
 * Reads a configured table of the source database by its key. Null if it is not there.
 *
 * @throws WalhookError `visibility_column` if a field to be hidden has gone
 */
export async function currentEvents(database: RowsDatabase, config: Config, table: TableConfig): Promise<CurrentEvents | null> {
  const found = await currentTable(database, table, config.source.publication);
  if (found === null) return null;
  const key = table.key ?? found.live.primaryKey;
  const plan = watchTable(found.relation, table, found.live);
  const rows = new CurrentRows(database, found, key);
  const events = new RowEvents(plan);
  const backfilled = new RowEvents(plan, true);
  const places = key.map((name) => found.relation.columns.findIndex((column) => column.name === name));
  return {
    table: plan,
    key,
    byKeys: (keys) => rows.byKeys(keys),
    page: (after, limit) => rows.page(after, limit),
    keyOf: (row) => places.map((place) => row[place] ?? null),
    event: (row, transaction, isBackfill = false) => (isBackfill ? backfilled : events).of(row, transaction),
  };
}
