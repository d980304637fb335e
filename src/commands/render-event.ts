import { type Change, type ChangeKind, NULL, TEXT, type Transaction, type Tuple } from '../change.ts';
import type { RowOperation } from '../config.ts';
import type { Event } from '../event.ts';
import { EventReader } from '../event/event-reader.ts';
import type { TablePlan } from '../event/watched-table.ts';
import { EXIT, WalhookError } from '../errors.ts';

export interface RowChange {
  /** Null: whatever kind of update it is from `old` to `row`. */
  readonly operation: RowOperation | null;
  readonly row: Tuple;
  /** The row before an update; null: not known. */
  readonly old: Tuple | null;
  readonly transaction: Transaction;
}

export interface ShownEvent {
  readonly event: Event;
  /** What there is to know of it, for people. */
  readonly notes: readonly string[];
}

/**
 * The event that a change to the row as it is now would have made; for a delete, the event of deleting it.
 *
 * @throws WalhookError `no_event` if there would have been none
 */
export function shownEvent(table: TablePlan, { operation, row, old, transaction }: RowChange): ShownEvent {
  const kind: ChangeKind = operation === 'visibility_update' || operation === null ? 'update' : operation;
  const change = { kind, relation: table.relation, transaction, ordinal: 1, tableOrdinal: 1 };
  if (kind === 'insert') return { event: only(eventsOf(table, { ...change, row, old: null, oldIsKey: false })), notes: [] };
  if (kind === 'delete') return deletion(table, { ...change, row: null, ...logged(table, row) });
  const events = eventsOf(table, { ...change, row, old, oldIsKey: false });
  if (old === null) {
    const note = 'no old row is given: this is what is sent where the WAL has no row before, so that `old` is null, and `changed` is empty';
    return { event: { ...only(events), operation: operation === 'visibility_update' ? operation : 'data_update' }, notes: [note] };
  }
  return update(table, { events, operation });
}

function deletion(table: TablePlan, change: Change): ShownEvent {
  const notes = change.oldIsKey ? [`of a deleted row the WAL has ${columnsOf(table).join(', ')} alone: REPLICA IDENTITY FULL would give the whole`] : [];
  return { event: only(eventsOf(table, change)), notes };
}

function update(table: TablePlan, { events, operation }: { readonly events: readonly Event[]; readonly operation: RowOperation | null }): ShownEvent {
  const wanted = operation === null ? null : operation === 'update' ? 'data_update' : operation;
  const event = events.find((one) => wanted === null || one.operation === wanted);
  const other = events.find((one) => one !== event);
  if (event === undefined) {
    throw noEvent(
      other === undefined ? 'from --old to the row as it is nothing changes that a receiver may see: nothing is sent' : `from --old to the row as it is there is no ${operation}, but another event`,
      other === undefined ? '--old takes the columns that were different, as in --old \'{"email":"old@example.com"}\'' : `--operation ${other.operation.replace('data_', '')}`,
    );
  }
  const notes = table.relation.replicaIdentity === 'f' ? [] : ['the WAL would not have the row before: it needs REPLICA IDENTITY FULL (`replica_identity: full`)'];
  if (other === undefined) return { event, notes };
  const place = other.operation === 'visibility_update' ? 'after' : 'before';
  return { event, notes: [...notes, `the same change makes another event, ${place} this one: --operation ${other.operation.replace('data_', '')} shows it`] };
}

/** Reads a change once: the events stay as they are. */
export function eventsOf(table: TablePlan, change: Change): Event[] {
  const events: Event[] = [];
  new EventReader(table, (event) => events.push({ ...event })).read(change);
  return events;
}

function only([event]: readonly Event[]): Event {
  if (event === undefined) throw new Error('an insert, a delete and an update from nowhere each make an event');
  return event;
}

/** What the WAL has of a row that is deleted. */
function logged({ relation }: TablePlan, row: Tuple): { readonly old: Tuple; readonly oldIsKey: boolean } {
  if (relation.replicaIdentity === 'f') return { old: row, oldIsKey: false };
  const kind = row.kind.map((one, column) => (one === TEXT && relation.columns[column]?.identity === true ? TEXT : NULL));
  if (!kind.includes(TEXT)) {
    throw noEvent(`table ${relation.schema}.${relation.table} has no replica identity: nothing is known of its deleted rows`, 'a primary key, or `replica_identity: full`');
  }
  return { old: { ...row, kind }, oldIsKey: true };
}

function columnsOf({ relation }: TablePlan): string[] {
  return relation.columns.filter(({ identity }) => identity).map(({ name }) => name);
}

function noEvent(message: string, hint: string): WalhookError {
  return new WalhookError(message, { code: 'no_event', hint, exit: EXIT.failure });
}
