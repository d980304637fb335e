import { TEXT } from '../change.ts';
import { type Event, tupleOf, type WatchedTable } from '../event.ts';

/** The text of each column of a key, by its name. */
export type RowKey = Readonly<Record<string, string>>;

/** The key by which an event's row can be read later; a sentence that says why it cannot: it is hidden, or not whole. */
export function rowKey(event: Event, { key, relation }: WatchedTable): RowKey | string {
  const found: Record<string, string> = {};
  for (const column of key) {
    const name = relation.columns[column]?.name ?? '';
    if (event.hidden?.[column] === 1) return `the row's key has the hidden column ${name}, which is not stored`;
    const tuple = tupleOf(event, column);
    if (tuple === null || tuple.kind[column] !== TEXT) return `the row's key has no value for ${name}`;
    found[name] = tuple.bytes.utf8Slice(tuple.start[column] ?? 0, tuple.end[column] ?? 0);
  }
  return key.length === 0 ? 'the row has no key' : found;
}
