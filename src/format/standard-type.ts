import { commitTimestamp, type Transaction } from '../change.ts';
import type { Operation, WatchedTable } from '../event.ts';

const VERBS: Record<Operation, string> = {
  data_insert: 'inserted',
  data_update: 'updated',
  visibility_update: 'visibility_updated',
  delete: 'deleted',
  truncate: 'truncated',
};

/**
 * The type of a table's events by operation: `profiles.updated`, and `app.profiles.updated` for a table that is not in
 * schema `public`. Standard Webhooks wants letters, digits, underscores and full stops; any other character of a name
 * becomes an underscore.
 */
export function eventTypes({ relation }: WatchedTable): Record<Operation, string> {
  const table = relation.schema === 'public' ? plain(relation.table) : `${plain(relation.schema)}.${plain(relation.table)}`;
  const type = (operation: Operation): string => `${table}.${VERBS[operation]}`;
  return {
    data_insert: type('data_insert'),
    data_update: type('data_update'),
    visibility_update: type('visibility_update'),
    delete: type('delete'),
    truncate: type('truncate'),
  };
}

/** When the change was committed, as RFC 3339 has it: `2024-01-02T03:04:05.678901Z`. */
export function eventTime(transaction: Transaction): string {
  return commitTimestamp(transaction).replace('+00:00', 'Z');
}

function plain(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/gu, '_');
}
