import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { PgoutputDecoder } from '../../src/decode/pgoutput.ts';
import {
  begin, commit, deletion, insert, message, origin, relation, type TableShape, truncate, TYPE, typeDescription, UNCHANGED_TOAST, update, type Value,
} from '../support/pgoutput.ts';
import { Recorder } from './recorder.ts';

const PEOPLE: TableShape = {
  oid: 16_400,
  schema: 'public',
  table: 'people',
  replicaIdentity: 'd',
  columns: [{ name: 'id', type: TYPE.int8, identity: true }, { name: 'name' }, { name: 'note' }],
};
const ORDERS: TableShape = { ...PEOPLE, oid: 4_294_967_000, table: 'orders', replicaIdentity: 'f' };

let sink: Recorder;
let decoder: PgoutputDecoder;
beforeEach(() => {
  sink = new Recorder();
  decoder = new PgoutputDecoder(sink);
});

function decode(...messages: readonly Buffer[]): void {
  for (const bytes of messages) expect(decoder.decode(bytes)).toBeUndefined();
}

test('a transaction has its commit LSN, xid and time, and ends where the next record starts', () => {
  decode(begin({ commitLsn: 0xffff_ffff_0000_0001n, committedAt: -5n, xid: 0xffff_fffe }));
  decode(commit(0xffff_ffff_0000_0001n, 0xffff_ffff_0000_0031n));
  const transaction = { commitLsn: 0xffff_ffff_0000_0001n, committedAt: -5n, xid: 0xffff_fffe };
  expect(sink.transactions).toEqual([transaction]);
  expect(sink.commits).toEqual([{ transaction, endLsn: 0xffff_ffff_0000_0031n }]);
});

test('a relation has its identity, its columns and their types', () => {
  decode(begin({ commitLsn: 1n }), relation({ ...PEOPLE, columns: [...PEOPLE.columns, { name: 'Größe "x"', type: TYPE.numeric, typmod: 327_686 }] }));
  expect(sink.relations).toEqual([
    {
      oid: 16_400, schema: 'public', table: 'people', replicaIdentity: 'd',
      columns: [
        { name: 'id', typeOid: 20, typmod: -1, identity: true },
        { name: 'name', typeOid: 25, typmod: -1, identity: false },
        { name: 'note', typeOid: 25, typmod: -1, identity: false },
        { name: 'Größe "x"', typeOid: 1700, typmod: 327_686, identity: false },
      ],
    },
  ]);
});

test('an empty schema stands for pg_catalog', () => {
  decode(relation({ ...PEOPLE, schema: '' }));
  expect(sink.relations[0]?.schema).toBe('pg_catalog');
});

test('inserts, updates and deletes carry their rows', () => {
  decode(
    begin({ commitLsn: 7n }), relation(PEOPLE),
    insert(16_400, ['1', 'Zoë', null]),
    update(16_400, ['1', '', UNCHANGED_TOAST]),
    update(16_400, ['2', 'Ann', 'x'], { key: ['1', null, null] }),
    update(16_400, ['2', 'Ann', UNCHANGED_TOAST], { old: ['2', 'Bob', 'long'] }),
    deletion(16_400, { key: ['2', null, null] }),
    deletion(16_400, { old: ['3', 'Eve', null] }),
  );
  expect(sink.changes.map(({ kind, row, old, oldIsKey, ordinal }) => ({ kind, row, old, oldIsKey, ordinal }))).toEqual([
    { kind: 'insert', row: ['1', 'Zoë', null], old: null, oldIsKey: false, ordinal: 1 },
    { kind: 'update', row: ['1', '', UNCHANGED_TOAST], old: null, oldIsKey: false, ordinal: 2 },
    { kind: 'update', row: ['2', 'Ann', 'x'], old: ['1', null, null], oldIsKey: true, ordinal: 3 },
    { kind: 'update', row: ['2', 'Ann', UNCHANGED_TOAST], old: ['2', 'Bob', 'long'], oldIsKey: false, ordinal: 4 },
    { kind: 'delete', row: null, old: ['2', null, null], oldIsKey: true, ordinal: 5 },
    { kind: 'delete', row: null, old: ['3', 'Eve', null], oldIsKey: false, ordinal: 6 },
  ]);
});

test('a truncate of several tables is a change of each', () => {
  decode(begin({ commitLsn: 7n }), relation(PEOPLE), relation(ORDERS), truncate([ORDERS.oid, PEOPLE.oid], 3));
  expect(sink.changes).toMatchObject([
    { kind: 'truncate', table: 'orders', ordinal: 1, tableOrdinal: 1, row: null, old: null },
    { kind: 'truncate', table: 'people', ordinal: 2, tableOrdinal: 1, row: null, old: null },
  ]);
});

test('each table counts its own changes, and both count from one again in the next transaction', () => {
  decode(
    begin({ commitLsn: 7n }), relation(PEOPLE), insert(PEOPLE.oid, ['1', null, null]),
    relation(ORDERS), insert(ORDERS.oid, ['1', null, null]), insert(PEOPLE.oid, ['2', null, null]),
    commit(7n, 9n), begin({ commitLsn: 9n }), insert(ORDERS.oid, ['2', null, null]), insert(PEOPLE.oid, ['3', null, null]),
  );
  expect(sink.changes.map(({ table, ordinal, tableOrdinal }) => [table, ordinal, tableOrdinal])).toEqual([
    ['people', 1, 1], ['orders', 2, 1], ['people', 3, 2], ['orders', 1, 1], ['people', 2, 1],
  ]);
});

test('a table keeps its own numbers when another is added to the publication', () => {
  const numbers = (messages: readonly Buffer[]): unknown => {
    const recorder = new Recorder();
    const each = new PgoutputDecoder(recorder);
    for (const bytes of messages) void each.decode(bytes);
    return recorder.changes.filter(({ table }) => table === 'people').map(({ tableOrdinal }) => tableOrdinal);
  };
  const alone = [begin({ commitLsn: 7n }), relation(PEOPLE), insert(PEOPLE.oid, ['1', null, null]), insert(PEOPLE.oid, ['2', null, null])];
  const [start, people, first, second] = alone as [Buffer, Buffer, Buffer, Buffer];
  const other = insert(ORDERS.oid, ['1', null, null]);
  expect(numbers([start, relation(ORDERS), other, people, first, other, truncate([ORDERS.oid]), second])).toEqual(numbers(alone));
});

test('a relation that changes within a transaction is a new object, and its table counts on', () => {
  const wider = { ...PEOPLE, columns: [...PEOPLE.columns, { name: 'age', type: TYPE.int4 }] };
  decode(
    begin({ commitLsn: 7n }), relation(PEOPLE), insert(PEOPLE.oid, ['1', null, null]),
    relation(wider), insert(PEOPLE.oid, ['2', null, null, '40']),
  );
  expect(sink.relations).toHaveLength(2);
  expect(sink.changes.map(({ relation: { columns }, row, tableOrdinal }) => [columns.length, row?.length, tableOrdinal])).toEqual([[3, 3, 1], [4, 4, 2]]);
});

test.for<[string, Partial<TableShape>]>([
  ['name', { table: 'persons' }],
  ['schema', { schema: 'app' }],
  ['replica identity', { replicaIdentity: 'f' }],
  ['column name', { columns: [{ name: 'uid', type: TYPE.int8, identity: true }, { name: 'name' }, { name: 'note' }] }],
  ['column type', { columns: [{ name: 'id', type: TYPE.int4, identity: true }, { name: 'name' }, { name: 'note' }] }],
  ['typmod', { columns: [{ name: 'id', type: TYPE.int8, identity: true }, { name: 'name', typmod: 14 }, { name: 'note' }] }],
  ['key', { columns: [{ name: 'id', type: TYPE.int8 }, { name: 'name', identity: true }, { name: 'note' }] }],
])('a relation that comes again is told of once, and again if its %s has changed', ([, changed]) => {
  decode(relation(PEOPLE), relation(PEOPLE));
  expect(sink.relations).toHaveLength(1);
  decode(relation({ ...PEOPLE, ...changed }));
  expect(sink.relations).toHaveLength(2);
});

test('a relation handler that has to wait makes the decoder wait', async () => {
  const waiting = new PgoutputDecoder({ ...noSink, relation: () => Promise.resolve() });
  await expect(waiting.decode(relation(PEOPLE))).resolves.toBeUndefined();
});

test('logical messages have a place in their transaction, or none', () => {
  decode(
    message({ transactional: false, lsn: 5n, prefix: 'now', content: '' }),
    begin({ commitLsn: 7n }), relation(PEOPLE), insert(PEOPLE.oid, ['1', null, null]),
    message({ transactional: true, lsn: 6n, prefix: 'größe', content: 'a\0b' }), insert(PEOPLE.oid, ['2', null, null]),
  );
  expect(sink.messages).toEqual([
    { transaction: null, ordinal: 0, lsn: 5n, prefix: 'now', content: '' },
    { transaction: sink.transactions[0], ordinal: 2, lsn: 6n, prefix: 'größe', content: 'a\0b' },
  ]);
  expect(sink.changes.map(({ ordinal, tableOrdinal }) => [ordinal, tableOrdinal])).toEqual([[1, 1], [3, 2]]);
});

test('type and origin messages are passed over', () => {
  decode(begin({ commitLsn: 7n }), origin(3n, 'elsewhere'), typeDescription(99_999, 'public', 'mood'), commit(7n, 9n));
  expect(sink.commits).toHaveLength(1);
});

test('what breaks the protocol is an error', () => {
  expect(() => decoder.decode(Buffer.from('S0'))).toThrow('unknown kind: 0x53');
  expect(() => decoder.decode(insert(1, ['1']))).toThrow('outside a transaction');
  decode(begin({ commitLsn: 7n }));
  expect(() => decoder.decode(insert(1, ['1']))).toThrow('relation 1 without describing it');
});

const value: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => text.isWellFormed()) },
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.constant<Value>(UNCHANGED_TOAST) },
);

test('whatever a row holds, and however wide it is, it is read as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.array(value, { maxLength: 200 }), { minLength: 1, maxLength: 6 }), (rows) => {
      const recorder = new Recorder();
      const each = new PgoutputDecoder(recorder);
      void each.decode(begin({ commitLsn: 7n }));
      void each.decode(relation(PEOPLE));
      for (const [i, row] of rows.entries()) void each.decode(update(PEOPLE.oid, row, { old: rows[i - 1] ?? [] }));
      expect(recorder.changes.map((change) => change.row)).toEqual(rows);
      expect(recorder.changes.map((change) => change.old)).toEqual([[], ...rows.slice(0, -1)]);
    }),
  );
});

const noSink = { begin: () => undefined, change: () => undefined, message: () => undefined, commit: () => undefined };
