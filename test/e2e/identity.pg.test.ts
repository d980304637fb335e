import { expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, testDatabase, type TestDaemonOptions, testReceiver } from '../support/daemon.ts';
import { startDaemonThread } from '../support/daemon-thread.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const SCHEMA = `
  create table items (id int primary key, name text, shown boolean not null default true);
  create table others (id int primary key)`;

const YAML = `${HEAD}
tables: { items: { visibility: { name: shown }, replica_identity: full } }
endpoints: { crm: ${endpoint({ concurrency: 64 })} }
hooks:
  - { name: first, table: items, to: crm, events: [insert, update, visibility_update, delete, truncate] }
  - { name: second, table: items, to: crm, events: [insert, update, visibility_update, delete, truncate] }
`;

/** Changes of every kind, of which many share an LSN, a commit, a row or a value. Returns how many events they are. */
async function writeEveryKind(db: TestDatabase): Promise<number> {
  await db.sql(`insert into items select i, 'same' from generate_series(1, 20) i`);
  const client = await db.client();
  await client.query('begin');
  await client.query(`update items set name = 'other', shown = false where id = 1`);
  await client.query(`update items set name = 'shown', shown = true where id = 1`);
  await client.query(`insert into items values (21, 'same'); delete from items where id = 21; insert into items values (21, 'same')`);
  await client.query('commit');
  await client.query('delete from items where id = 2');
  await client.query('truncate items');
  await client.end();
  return 20 + 1 + 2 + 3 + 1 + 1;
}

/** All that a receiver saw of each id: one id and body for each change and hook, however often it was sent. */
function contentsOf(receiver: Receiver): Map<string, string> {
  const contents = new Map<string, string>();
  for (const [id, requests] of receiver.byId) {
    const bodies = new Set(requests.map((request) => request.body.toString('latin1')));
    expect([...bodies], `bodies of ${id}`).toHaveLength(1);
    contents.set(id, [...bodies].join(''));
  }
  return contents;
}

async function ready(): Promise<{ receiver: Receiver; options: TestDaemonOptions }> {
  const db = await testDatabase(SCHEMA);
  const receiver = await testReceiver();
  return { receiver, options: { db, yaml: YAML, receivers: { RECEIVER: receiver } } };
}

// Fails with random ids, and with ids made of the LSN alone.
test('each change has an id of its own for each hook, without a dot', async () => {
  const { receiver, options } = await ready();
  await startDaemon(options);
  const events = await writeEveryKind(options.db);
  await receiver.deliveries(2 * events);
  expect(receiver.byId.size).toBe(2 * events);
  for (const id of receiver.byId.keys()) expect(id).toMatch(/^[\w-]+$/);
});

test('an id and its body are the same in every attempt', async () => {
  const { receiver, options } = await ready();
  receiver.answer = (_request, attempt) => (attempt < 3 ? 500 : 204);
  await startDaemon(options);
  const events = await writeEveryKind(options.db);
  await receiver.deliveries(2 * events);
  expect(contentsOf(receiver).size).toBe(2 * events);
  expect(receiver.requests).toHaveLength(3 * 2 * events);
});

test('an id and its body are the same after a crash', async () => {
  const { receiver, options } = await ready();
  receiver.answer = () => 'never';
  const thread = await startDaemonThread(options);
  const events = await writeEveryKind(options.db);
  await receiver.received(21); // the first of each row's lane
  await thread.crash();
  const before = new Map([...receiver.byId].map(([id, [request]]) => [id, request?.body.toString()]));

  receiver.answer = () => 204;
  await startDaemonThread(options);
  await receiver.deliveries(2 * events);
  expect(contentsOf(receiver).size).toBe(2 * events);
  for (const [id, body] of before) expect(receiver.byId.get(id)?.at(-1)).toMatchObject({ attempt: 2, status: 204, body: Buffer.from(body ?? '') });
});

test('an id and its body are the same after a clean stop with deliveries undone', async () => {
  const { receiver, options } = await ready();
  receiver.answer = () => 503;
  const daemon = await startDaemon(options);
  const events = await writeEveryKind(options.db);
  await receiver.received(50);
  await daemon.stop();
  const before = receiver.requests.length;

  receiver.answer = () => 204;
  await daemon.start();
  await receiver.deliveries(2 * events);
  expect(contentsOf(receiver).size).toBe(2 * events);
  expect(receiver.requests).toHaveLength(before + 2 * events);
});

test('another table in the config and the publication changes no id of a transaction', async () => {
  const { receiver, options } = await ready();
  receiver.answer = () => 'never';
  const thread = await startDaemonThread(options);
  await options.db.sql(`insert into others values (1); insert into items values (1, 'a'); insert into others values (2); insert into items values (2, 'b')`);
  await receiver.received(2); // the first of each row's lane
  await thread.crash();

  receiver.answer = () => 204;
  await startDaemonThread({ ...options, yaml: `${YAML}  - { name: others, table: others, to: crm }\n` });
  await receiver.deliveries(4);
  expect(contentsOf(receiver).size).toBe(4);
  expect(receiver.requests.map(({ attempt }) => attempt).toSorted((a, b) => a - b)).toEqual([1, 1, 1, 1, 2, 2]);
  await options.db.sql('insert into others values (3)');
  await receiver.until(() => receiver.bodies<{ data: { id: number } }>().some(({ data }) => data.id === 3), 'the new table');
});
