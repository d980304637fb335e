import { expect, test } from 'vitest';
import type { Relation } from '../../src/change.ts';
import { foundAt, RowEvents } from '../../src/event/row-events.ts';
import { watchTable } from '../../src/event/watched-table.ts';
import type { Event } from '../../src/event.ts';
import { RowHash } from '../../src/route/row-hash.ts';
import { rowKey } from '../../src/route/row-key.ts';

const RELATION: Relation = {
  oid: 7,
  schema: 'public',
  table: 'members',
  replicaIdentity: 'd',
  columns: ['part', 'id', 'flags'].map((name) => ({ name, typeOid: 25, typmod: -1, identity: true })),
};
const CONFIG = { schema: 'public', table: 'members', key: ['part', 'id'], lookup: [], visibility: { kind: 'json', column: 'flags' }, replica_identity: null, redacted: '' } as const;
const TABLE = watchTable(RELATION, CONFIG, { primaryKey: [], columns: ['part', 'id', 'flags'] });

function event(...values: (string | null)[]): Event {
  return new RowEvents(TABLE).of(values, foundAt(0));
}

test('a key has the text of each of its columns; what is hidden, or NULL, is no key', () => {
  expect(rowKey(event('ä', '2', null), TABLE)).toEqual({ part: 'ä', id: '2' });
  expect(rowKey(event('a', '2', '{"id":false}'), TABLE)).toBe("the row's key has the hidden column id, which is not stored");
  expect(rowKey(event('a', null, null), TABLE)).toBe("the row's key has no value for id");
});

test('a hash tells rows apart, and what they hold does not matter', () => {
  const hash = new RowHash(7, [0, 1]);
  const of = (...values: (string | null)[]): string => hash.of(event(...values));
  expect(of('a', 'bc', null)).toBe(of('a', 'bc', '{"id":false}'));
  expect(new Set([of('a', 'bc', null), of('ab', 'c', null), of('a', null, null), of(null, 'a', null), of('a', '', null), new RowHash(8, [0, 1]).of(event('a', 'bc', null))]).size).toBe(6);
  expect(of('a', 'bc', null)).toMatch(/^[0-9a-f]{32}$/);
});
