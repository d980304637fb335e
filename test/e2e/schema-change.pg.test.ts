import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, type TestDaemon, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

interface Setting {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly daemon: TestDaemon;
  /** What each request said, in the order of the changes. */
  readonly said: () => { readonly data: unknown; readonly meta: { readonly operation: string; readonly table: string } }[];
}

/** A daemon that streams `items` while it is altered. */
async function streaming(schema: string, table = '{ lookup: [email], replica_identity: full }'): Promise<Setting> {
  const db = await testDatabase(schema);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
tables: { items: ${table} }
endpoints: { crm: ${endpoint({ concurrency: 1 })} }
hooks: [{ name: crm, table: items, to: crm, meta: [table] }]
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  return { db, receiver, daemon, said: () => inOrder(receiver) };
}

/** An id begins with the LSN of the commit and the change's place in it. */
function inOrder({ requests }: Receiver): ReturnType<Setting['said']> {
  return requests.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ body }) => JSON.parse(body.toString()) as ReturnType<Setting['said']>[number]);
}

const ITEMS = 'create table items (id int primary key, email text, size int)';

function dataOf({ said }: Setting): unknown[] {
  return said().map(({ data }) => data);
}

test('a column that is added is in the next events; one that is dropped is not; a rename gives the new name; another type gives the new value', async () => {
  const setting = await streaming(ITEMS);
  const { db, receiver } = setting;
  await db.sql(`insert into items values (1, 'a@x', 1)`);
  await db.sql(`alter table items add added text not null default 'new'; insert into items values (2, 'b@x', 2)`);
  await db.sql('update items set size = 3 where id = 1');
  await db.sql('alter table items rename size to length; update items set length = 4 where id = 1');
  await db.sql('alter table items alter length type text; update items set length = $$5 m$$ where id = 1');
  await db.sql('alter table items drop added; update items set length = $$6 m$$ where id = 1');
  // Altered in the middle of a transaction: each row has the shape of its moment.
  await db.sql(`begin; insert into items values (7, null, '7'); alter table items add late bool; insert into items values (8, null, '8', true); commit`);
  await receiver.deliveries(8);
  expect(dataOf(setting)).toEqual([
    { id: 1, email: 'a@x', size: 1 },
    { id: 2, email: 'b@x', size: 2, added: 'new' },
    { id: 1, email: 'a@x', size: 3, added: 'new' },
    { id: 1, email: 'a@x', length: 4, added: 'new' },
    { id: 1, email: 'a@x', length: '5 m', added: 'new' },
    { id: 1, email: 'a@x', length: '6 m' },
    { id: 7, email: null, length: '7' },
    { id: 8, email: null, length: '8', late: true },
  ]);
  expect(setting.daemon.logged(/./).filter(({ level }) => level === 'warn' || level === 40)).toEqual([]);
});

test('a column that the config names and that is renamed is told of once, events go on without it, and the next start asks for a new config', async () => {
  const setting = await streaming(ITEMS);
  const { db, receiver, daemon, said } = setting;
  await db.sql(`alter table items rename email to mail; insert into items values (1, 'a@x', 1)`);
  await db.sql('alter table items add other int; update items set size = 2 where id = 1');
  await receiver.deliveries(2);
  expect(said()).toEqual([
    { data: { id: 1, mail: 'a@x', size: 1 }, redacted: [], meta: { operation: 'data_insert', lookup_values: [], table: 'items' } },
    { data: { id: 1, mail: 'a@x', size: 2, other: null }, redacted: [], meta: { operation: 'data_update', lookup_values: [], table: 'items' } },
  ]);
  expect(daemon.logged(/a column that the configuration names is gone/)).toMatchObject([{ column: 'items.email' }]);
  await expect(daemon.restart()).rejects.toMatchObject({ code: 'column_missing' });
});

test('a table that is renamed goes on under its new name, and the log says that the next start needs it', async () => {
  const setting = await streaming(ITEMS);
  const { db, receiver, daemon, said } = setting;
  await db.sql('insert into items values (1); alter table items rename to things; insert into things values (2)');
  await receiver.deliveries(2);
  expect(said().map(({ data, meta }) => [data, meta.table])).toEqual([
    [{ id: 1, email: null, size: null }, 'items'],
    [{ id: 2, email: null, size: null }, 'things'],
  ]);
  expect(daemon.logged(/^items is now things/)).toHaveLength(1);
  await expect(daemon.restart()).rejects.toMatchObject({ code: 'table_missing' });
});

test('what was written to a table before it was dropped is still sent, and the next start says that the table is gone', async () => {
  const { db, receiver, daemon, said } = await streaming(ITEMS);
  await db.sql('insert into items values (1); insert into items values (2); drop table items');
  await receiver.deliveries(2);
  expect(said().map(({ data }) => data)).toEqual([1, 2].map((id) => ({ id, email: null, size: null })));
  await expect(daemon.restart()).rejects.toMatchObject({ code: 'table_missing' });
});

test('another replica identity: old values are missing from then on, and events say as much as the WAL does', async () => {
  const { db, receiver, said } = await streaming(ITEMS, '{ lookup: [email], replica_identity: full }');
  await db.sql(`insert into items values (1, 'a@x', 1); update items set email = 'b@x' where id = 1`);
  await db.sql(`alter table items replica identity default; update items set email = 'c@x' where id = 1; delete from items where id = 1`);
  await receiver.deliveries(4);
  expect(said()).toMatchObject([
    { meta: { operation: 'data_insert', lookup_values: [{ field: 'email', value: 'a@x' }] } },
    { meta: { operation: 'data_update', lookup_values: [{ field: 'email', value: 'b@x', previous_value: 'a@x' }] } },
    { meta: { operation: 'data_update', lookup_values: [{ field: 'email', value: 'c@x' }] } },
    { data: { id: 1 }, meta: { operation: 'delete', lookup_values: [] } },
  ]);
});

test('another primary key is the key of deletes and lanes once the stream is taken up again; until then it is the one before', async () => {
  const { db, receiver, daemon, said } = await streaming('create table items (id int primary key, email text not null, size int)');
  await db.sql(`insert into items values (1, 'a@x', 1), (2, 'b@x', 2); delete from items where id = 1`);
  await receiver.deliveries(3);
  await db.sql('alter table items drop constraint items_pkey; alter table items add primary key (email)');
  await daemon.restart();
  await db.sql('delete from items where id = 2');
  await receiver.deliveries(4);
  expect(said().slice(2).map(({ data }) => data)).toEqual([{ id: 1 }, { email: 'b@x' }]);
});

test('a partition that is attached, and one that is made, are told of as their root', async () => {
  const { db, receiver, said } = await streaming(
    `create table items (id int primary key, email text, size int) partition by range (id);
     create table items_1 partition of items for values from (1) to (10); create table items_2 (id int primary key, email text, size int)`,
  );
  await db.sql('insert into items values (1); insert into items_2 values (10)');
  await db.sql('alter table items attach partition items_2 for values from (10) to (20); insert into items values (11)');
  await db.sql('create table items_3 partition of items for values from (20) to (30); insert into items_3 values (21); update items set size = 1 where id = 21');
  await receiver.deliveries(4);
  expect(said().map(({ data, meta }) => [data, meta.table, meta.operation])).toEqual([
    [{ id: 1, email: null, size: null }, 'items', 'data_insert'],
    [{ id: 11, email: null, size: null }, 'items', 'data_insert'],
    [{ id: 21, email: null, size: null }, 'items', 'data_insert'],
    [{ id: 21, email: null, size: 1 }, 'items', 'data_update'],
  ]);
});
