import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import type { BackfillOperations, BackfillReport } from '../../src/backfills.ts';
import { endpoint, type EndpointOptions, HEAD, startDaemon, type TestDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { serverUrl } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

const ROWS = `
create table rows (id bigint primary key, name text, score int not null default 0, secret text, secret_visible boolean not null default false);
alter table rows replica identity full;
insert into rows select i, 'name ' || i, i % 10, 'hidden' from generate_series(1, 2000) i`;

function yamlOf(hook = '', { more = '', options = {} }: { readonly more?: string; readonly options?: EndpointOptions } = {}): string {
  return `${HEAD}
tables: { rows: { visibility: { secret: secret_visible } } }
endpoints: { crm: ${endpoint(options)} }
hooks:
  - { name: all, table: rows, to: crm, meta: [backfill] ${hook === '' ? '' : `, ${hook}`} }
${more}`;
}

interface Body {
  readonly data: { readonly id: number; readonly name?: string; readonly score?: number; readonly secret?: string };
  readonly meta: { readonly operation: string; readonly backfill: boolean };
}

function operations(daemon: TestDaemon): BackfillOperations {
  const { backfills } = daemon.running;
  if (backfills === null) throw new Error('it does not run');
  return backfills;
}

/** Resolves once the backfill is in the state. */
async function turned(daemon: TestDaemon, { id }: Pick<BackfillReport, 'id'>, state: BackfillReport['state'] = 'done'): Promise<BackfillReport> {
  await expect.poll(async () => (await operations(daemon).show(id)).state, { timeout: 20_000 }).toBe(state);
  return operations(daemon).show(id);
}

function idsOf(receiver: Receiver): number[] {
  return receiver.bodies<Body>().map(({ data }) => data.id).toSorted((a, b) => a - b);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

test('rows that were there before are sent once, as the hook says, while the stream goes on', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('when: "row.score < 5"') });
  const begun = await operations(daemon).begin({ hook: 'all' });
  expect(begun).toMatchObject({ hook: 'all', table: 'public.rows', state: 'waiting', origin: 'command', rows_done: 0, ended_at: null });
  await db.sql(`insert into rows (id, name) values (5000, 'new')`);
  const done = await turned(daemon, begun);
  expect(done).toMatchObject({ state: 'done', rows_sent: expect.any(Number), ended_at: expect.any(String), started_at: expect.any(String) });
  expect(done.rows_estimated).toBe(done.rows_done);
  await receiver.until(() => new Set(idsOf(receiver)).size === 1001);
  const bodies = receiver.bodies<Body>();
  // The new one may be in the last chunk as well, if that was read after it came.
  expect([...new Set(idsOf(receiver))]).toEqual([...range(1, 2000).filter((id) => id % 10 < 5), 5000]);
  expect(bodies.filter(({ meta, data }) => meta.backfill && data.id <= 2000).every(({ meta, data }) => meta.operation === 'data_insert' && data.secret === '<<REDACTED>>' && data.name === `name ${data.id}`)).toBe(true);
  expect(bodies.find(({ data }) => data.id === 5000)?.meta.operation).toBe('data_insert');
  expect(receiver.requests.find(({ id }) => id.startsWith(begun.id))?.id).toMatch(/^bf_\d{8}T\d{6}_\w{6}-b-[0-9a-f]{32}-[0-9a-f]{16}$/);
  expect(daemon.status.in_flight.deliveries).toBe(0);
});

test('some rows and some columns, at a rate', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf() });
  const before = performance.now();
  const begun = await operations(daemon).begin({ hook: 'all', where: `rows.id <= 100 and name <> ';' -- few`, columns: ['id', 'score'], rate: 100 });
  await turned(daemon, begun);
  expect(performance.now() - before).toBeGreaterThan(400);
  expect(idsOf(receiver)).toEqual(range(1, 100));
  expect(receiver.bodies<Body>()[0]?.data).toEqual({ id: 1, score: 1 });
  expect(await operations(daemon).show(begun.id)).toMatchObject({ rows_done: 100, rows_sent: 100, where: `rows.id <= 100 and name <> ';' -- few`, columns: ['id', 'score'], rate: 100 });
});

test('what cannot be done is refused before it begins, with the reason', async () => {
  const db = await testDatabase(`${ROWS}; create table loose (k int, n int); alter table loose replica identity full; insert into loose values (null, 1)`);
  const receiver = await testReceiver();
  const more = `
  - { name: loose, table: loose, to: crm, events: [insert] }
  - { name: shaped, table: rows, to: crm, body: { a: "\${{ row.id }}" } }
  - { name: daily, table: rows, to: crm, schedule: "0 0 1 1 *" }`;
  const yaml = yamlOf('', { more }).replace('tables: {', 'tables: { loose: { key: [k] },');
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  const backfills = operations(daemon);
  await expect(backfills.begin({ hook: 'none' })).rejects.toMatchObject({ code: 'unknown_hook' });
  await expect(backfills.begin({ hook: 'loose' })).rejects.toMatchObject({ code: 'backfill_no_key', message: expect.stringContaining('have no k') });
  await expect(backfills.begin({ hook: 'all', where: 'nothing = 1' })).rejects.toMatchObject({ code: 'backfill_where', message: expect.stringContaining('column "nothing" does not exist') });
  await expect(backfills.begin({ hook: 'all', columns: ['id', 'nothing'] })).rejects.toMatchObject({ code: 'backfill_columns' });
  await expect(backfills.begin({ hook: 'shaped', columns: ['id'] })).rejects.toMatchObject({ code: 'backfill_columns' });
  await expect(backfills.begin({ hook: 'daily' })).rejects.toMatchObject({ code: 'backfill_scheduled' });
  await expect(backfills.show('bf_none')).rejects.toMatchObject({ code: 'unknown_backfill' });
  const begun = await backfills.begin({ hook: 'all', rate: 1 });
  await expect(backfills.begin({ hook: 'all' })).rejects.toMatchObject({ code: 'backfill_running' });
  expect(await backfills.cancel(begun.id)).toMatchObject({ state: 'cancelled', ended_at: expect.any(String) });
  await expect(backfills.pause(begun.id)).rejects.toMatchObject({ code: 'backfill_ended' });
  expect(await backfills.list({ active: true })).toEqual([]);
  expect(await backfills.list({ hook: 'all' })).toMatchObject([{ id: begun.id, state: 'cancelled' }]);
});

test('it is paused, goes on over a restart where it was, and ends where it is cancelled', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf() });
  const { id } = await operations(daemon).begin({ hook: 'all', rate: 500 });
  await receiver.received(200);
  expect(await operations(daemon).pause(id)).toMatchObject({ state: 'paused', reason: 'paused by hand' });
  await expect.poll(() => daemon.status.in_flight.deliveries).toBe(0);
  const { rows_done: done } = await operations(daemon).show(id);
  await expect.poll(() => db.sql('select rows_done::int as done, state from walhook.backfills')).toEqual([{ done, state: 'paused' }]);
  await daemon.restart();
  await expect.poll(async () => (await operations(daemon).show(id)).state).toBe('paused');
  expect(receiver.requests).toHaveLength(done);
  await operations(daemon).resume(id);
  await receiver.received(done + 200);
  await operations(daemon).cancel(id);
  await expect.poll(() => daemon.status.in_flight.deliveries).toBe(0);
  // Nothing was sent twice, and not all was sent.
  const ids = idsOf(receiver);
  expect(ids).toEqual(range(1, ids.length));
  expect(ids.length).toBeLessThan(2000);
});

test('the rows that were there before a hook are sent once, and several at once', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const more = `  - { name: other, table: rows, to: crm, backfill: initial, path: /other, when: "row.score == 3" }`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('backfill: initial', { more }) });
  const begun = await operations(daemon).begin({ hook: 'all', where: 'id > 1990' });
  await turned(daemon, begun);
  await expect.poll(async () => (await operations(daemon).list()).map(({ origin, state }) => `${origin} ${state}`).toSorted(), { timeout: 20_000 }).toEqual(['command done', 'initial done', 'initial done']);
  const sent = (origin: (id: string) => boolean): number => receiver.requests.filter(({ id }) => origin(id)).length;
  expect(sent((id) => id.startsWith(begun.id))).toBe(10);
  expect(receiver.requests.filter(({ url }) => url === '/other')).toHaveLength(200);
  expect(receiver.requests).toHaveLength(2210);
  expect(receiver.byId.size).toBe(2210);
  await daemon.restart();
  await db.sql(`insert into rows (id) values (9000)`);
  await receiver.deliveries(2211);
  expect(await operations(daemon).list({ active: true })).toEqual([]);
});

test('it waits for an endpoint that is sick, and does not store the table', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver({ answer: () => 503 });
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml: yamlOf('', { options: { breaker: '{ failures: 3, open: 1s }', concurrency: 4 } }) });
  const begun = await operations(daemon).begin({ hook: 'all' });
  await expect.poll(async () => (await operations(daemon).show(begun.id)).reason, { timeout: 20_000 }).toMatch(/^endpoint crm (?:fails|is behind)/);
  const [parked] = await db.sql<{ count: number }>('select count(*)::int as count from walhook.parked');
  expect(parked?.count).toBeLessThanOrEqual(1000);
  receiver.answer = () => 204;
  await turned(daemon, begun);
  await receiver.until(() => new Set(idsOf(receiver)).size === 2000);
  await expect.poll(() => db.sql('select count(*)::int as count from walhook.parked')).toEqual([{ count: 0 }]);
});

test('where the WAL may not be marked, the end of it will do', async () => {
  const db = await testDatabase(ROWS);
  const receiver = await testReceiver();
  const role = `reader_${db.name}`;
  await db.sql(`create role ${role} login replication password 'reader'; grant create on database ${db.name} to ${role}; alter table rows owner to ${role}; grant create on schema public to ${role};
    do $$ declare one regprocedure; begin
      for one in select oid::regprocedure from pg_proc where proname = 'pg_logical_emit_message' loop execute format('revoke execute on function %s from public', one); end loop;
    end $$`);
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
  const daemon = await startDaemon({ db: { ...db, url: url.href }, receivers: { RECEIVER: receiver }, yaml: yamlOf() });
  const begun = await operations(daemon).begin({ hook: 'all' });
  await db.sql(`update rows set name = 'changed' where id % 100 = 0`);
  await turned(daemon, begun);
  await receiver.until(() => new Set(idsOf(receiver)).size === 2000);
  const last = new Map(receiver.bodies<Body>().map(({ data }) => [data.id, data.name]));
  expect([...last].filter(([id, name]) => name !== (id % 100 === 0 ? 'changed' : `name ${id}`))).toEqual([]);
});

test('a partitioned table of a key of several columns, with something looked up, in batches', async () => {
  const db = await testDatabase(`
    create table names (region text primary key, name text); insert into names values ('nl', 'Netherlands'), ('de', 'Germany');
    create table rows (region text, id bigint, note text, primary key (region, id)) partition by list (region);
    create table rows_nl partition of rows for values in ('nl'); create table rows_other partition of rows default;
    insert into rows select (array['nl', 'de'])[1 + i % 2], i, E'line\\n\\\\' || i from generate_series(1, 700) i`);
  const receiver = await testReceiver();
  const yaml = `${HEAD}
endpoints: { crm: ${endpoint().replace(/ }$/, ', batch: { size: 50, linger: 10ms } }')} }
hooks:
  - name: all
    table: rows
    to: crm
    enrich: { name: "select name from names where region = \${{ row.region }}" }
    body: { id: "\${{ row.id }}", note: "\${{ row.note }}", name: "\${{ name.name }}" }
  - { name: plain, table: rows, to: crm, meta: [backfill, table] }
`;
  const daemon = await startDaemon({ db, receivers: { RECEIVER: receiver }, yaml });
  const [enriched, plain] = [await operations(daemon).begin({ hook: 'all' }), await operations(daemon).begin({ hook: 'plain' })];
  await db.sql(`update rows set note = 'changed' where id = 1`);
  await turned(daemon, enriched);
  await turned(daemon, plain);
  const all = receiver.bodies<(Body & { readonly id?: number; readonly note?: string; readonly name?: string })[]>().flat();
  const made = new Map(all.flatMap(({ id, note, name }) => (id === undefined ? [] : [[id, { note, name }]])));
  expect(made.size).toBe(700);
  expect([made.get(1), made.get(2)]).toEqual([{ note: 'changed', name: 'Germany' }, { note: 'line\n\\2', name: 'Netherlands' }]);
  const rows = all.filter((one) => 'meta' in one);
  expect(new Set(rows.map(({ data }) => data.id)).size).toBe(700);
  expect(rows.find(({ data }) => data.id === 2)).toEqual({ data: { region: 'nl', id: 2, note: 'line\n\\2' }, redacted: [], meta: { operation: 'data_insert', lookup_values: [], backfill: true, table: 'rows' } });
  expect(receiver.requests.length).toBeLessThan(300);
});
