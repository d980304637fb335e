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

/** The part that all changes of a transaction share. */
export function idPrefix(transaction: Transaction): string {
  return transaction.commitLsn.toString(16).padStart(16, '0');
}

/**
 * webhook-id: `<commit LSN>-<place among the table's changes in the transaction>-<operation>-<tag>`. It is made of what
 * the WAL says alone, so it is the same after a crash; and it sorts as transactions were committed.
 */
export function eventId(prefix: string, tableOrdinal: number, operation: Operation, tag: string): string {
  return `${prefix}-${tableOrdinal}-${LETTERS[operation]}-${tag}`;
}
