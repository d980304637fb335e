import { expect, onTestFinished, test } from 'vitest';
import pg from 'pg';
import type { BackfillOperations, BackfillReport } from '../../src/backfills.ts';
import { endpoint, HEAD, startDaemon, type TestDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { serverUrl } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const ROWS = `create table rows (id bigint primary key, name text, secret text); insert into rows select i, 'name ' || i, 'secret' from generate_series(1, 300) i`;

function yamlOf(hook = 'table: rows', head = HEAD): string {
  return `${head}
endpoints: { crm: ${endpoint()} }
hooks:
  - { name: all, ${hook}, to: crm, meta: [backfill] }
`;
}

interface Body {
  readonly data: { readonly id: number | string; readonly name?: string; readonly secret?: string };
}

function operations(daemon: TestDaemon): BackfillOperations {
  const { backfills } = daemon.running;
  if (backfills === null) throw new Error('it does not run');
  return backfills;
}

async function ended(daemon: TestDaemon, { id }: Pick<BackfillReport, 'id'>): Promise<BackfillReport> {
  await expect.poll(async () => (await operations(daemon).show(id)).ended_at, { timeout: 20_000 }).not.toBeNull();
  return operations(daemon).show(id);
}

function ids(receiver: Receiver): (number | string)[] {
  return receiver.bodies<Body>().map(({ data }) => data.id);
}

test('--columns brings none back that the hook leaves out', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('table: rows, fields: { only: [id, name] }') });
  const begun = await operations(daemon).begin({ hook: 'all', columns: ['id', 'secret'], where: 'id = 1' });
  await ended(daemon, begun);
  expect(receiver.bodies<Body>().map(({ data }) => data)).toEqual([{ id: 1 }]);
});

test('a backfill of a table that its hook is no longer for has failed', async () => {
  const db = await testDatabase(`${ROWS}; create table others (id bigint primary key, name text); insert into others select i, 'other' from generate_series(1, 300) i`);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf() });
  const begun = await operations(daemon).begin({ hook: 'all', rate: 20 });
  await receiver.received(10);
  await daemon.stop();
  const again = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('table: others') });
  expect(await ended(again, begun)).toMatchObject({ state: 'failed', reason: expect.stringContaining('public.rows') });
  expect(receiver.bodies<Body>().filter(({ data }) => data.name === 'other')).toEqual([]);
});

test('of a table that another takes the name of, the other one is read on', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf() });
  const begun = await operations(daemon).begin({ hook: 'all', rate: 50 });
  await receiver.received(50);
  await db.sql(`begin; create table new_rows (like rows including all); insert into new_rows select id, 'new', secret from rows; alter table rows rename to old_rows; alter table new_rows rename to rows; commit`);
  expect(await ended(daemon, begun)).toMatchObject({ state: 'done' });
  // What tells a row's delivery has the table's OID in it.
  const tags = new Set(receiver.requests.map(({ id }) => id.slice(-16)));
  expect(tags.size).toBe(2);
});

test('rows that a policy hides are not left out in silence', async () => {
  const db = await testDatabase(`${ROWS}; alter table rows enable row level security; create policy few on rows using (id <= 10)`);
  const receiver = await testReceiver();
  const role = `reader_${db.name}`;
  await db.sql(`create role ${role} login replication password 'reader'; grant create on database ${db.name} to ${role}; grant select on rows to ${role}; grant create on schema public to ${role}; create publication mine for table rows; alter publication mine owner to ${role}`);
  onTestFinished(async () => {
    const server = new pg.Client({ connectionString: serverUrl() });
    await server.connect();
    await db.drop();
    await server.query(`drop role if exists ${role}`);
    await server.end();
  });
  const url = new URL(db.url);
  url.username = role;
  url.password = 'reader';
  const daemon = await startDaemon({ db: { ...db, url: url.href }, receivers: { RECEIVER: receiver }, yaml: yamlOf('table: rows', HEAD.replace('slot:', 'publication: mine, slot:')) });
  await expect(operations(daemon).begin({ hook: 'all' })).rejects.toMatchObject({ code: 'backfill_table', message: expect.stringContaining('row-level security') });
  expect(ids(receiver)).toEqual([]);
});

test('a key that has another name since begins anew', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf() });
  const begun = await operations(daemon).begin({ hook: 'all', rate: 50 });
  await receiver.received(50);
  await db.sql('alter table rows rename id to uid');
  expect(await ended(daemon, begun)).toMatchObject({ state: 'done' });
  expect(receiver.byId.size).toBe(300);
});
