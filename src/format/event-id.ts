import { createHash } from 'node:crypto';
import type { Transaction } from '../change.ts';
import type { Operation } from '../event.ts';

const LETTERS: Record<Operation, string> = {
  data_insert: 'i',
  data_update: 'u',
  visibility_update: 'v',
  delete: 'd',
  truncate: 't',
};

/**
 * The part of an id that all events of a hook share: which cluster, which table, which hook. By the table's OID, so that
 * a rename changes nothing.
 */
export function idTag(systemId: string, relationOid: number, hook: string): string {
  return createHash('sha256').update(`${systemId}\n${relationOid}\n${hook}`).digest('hex').slice(0, 16);
}

/**
 * The part that all changes of a transaction share.
 * @param timeline the one that its commit record belongs to: after a failover an LSN can be that of another transaction
 *   than before it. The first adds nothing.
 */
export function idPrefix(transaction: Transaction, timeline: number): string {
  const lsn = transaction.commitLsn.toString(16).padStart(16, '0');
  return timeline === 1 ? lsn : `${lsn}-t${timeline}`;
}

/**
 * webhook-id of a row that is sent at a time of its hook's schedule: the time, `s`, and what tells the row.
 * @param dueAt Unix milliseconds
 * @param row a hash of the row's key
 */
export function scheduledId(dueAt: number, row: string, tag: string): string {
  return `${new Date(dueAt).toISOString().replaceAll(/[-:]|\.000/g, '')}-s-${row}-${tag}`;
}

/** The part behind the place that all events of a hook and an operation share. */
export function idSuffix(operation: Operation, tag: string): string {
  return `-${LETTERS[operation]}-${tag}`;
}

/**
 * webhook-id of a row that a backfill sends: the backfill, `b`, and what tells the row. The same whenever that backfill sends it again.
 * @param row a hash of the row's key
 */
export function backfillId(backfill: string, row: string, tag: string): string {
  return `${backfill}-b-${row}-${tag}`;
}

/**
 * webhook-id: `<commit LSN>-<place among the table's changes in the transaction>-<operation>-<tag>`, after a failover with
 * the timeline behind the LSN. It is made of what
 * the WAL says alone, so it is the same after a crash; and it sorts as transactions were committed.
 */
export function eventId(prefix: string, tableOrdinal: number, suffix: string): string {
  return `${prefix}-${tableOrdinal}${suffix}`;
}
