import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { migrate, readMigrations } from '../../src/store/migrate.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { storedDeliveries } from '../../src/store/stored-deliveries.ts';
import { delivery, parking } from './delivery.ts';
import { emptyState, open } from './state.ts';

test('makes the schema, and has nothing to do the next time', async () => {
  const { state, database } = await emptyState();
  const versions = (await readMigrations()).map((migration) => migration.version);
  expect(versions).toContain(1);
  expect(await migrate(state)).toEqual(versions);
  expect(await migrate(state)).toEqual([]);
  const tables = await database.sql(`select relname from pg_class where relnamespace = 'walhook'::regnamespace and relkind = 'r' order by 1`);
  expect(tables.map((row) => row['relname'])).toEqual(['assignment', 'backfill', 'backfills', 'checkpoint', 'claim', 'dead', 'endpoint', 'engine', 'held', 'migration', 'owner', 'parked', 'rotation', 'sealing_key']);
});

test('an upgrade from each version keeps what is stored, and it can be sent', async () => {
  const all = await readMigrations();
  for (const from of all.slice(0, -1).map(({ version }) => version)) {
    const { state, owner, database } = await emptyState();
    await migrate(state, all.filter(({ version }) => version <= from));
    const columns = 'key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, method, path, content_type, body, attempts, committed_at';
    const row = (id: string, ordinal: number): string =>
      `'${id} crm', 'crm', '${id}', 'h', 7, '0/AB', ${ordinal}, 0, 'data_update', 'public.t', 'PUT', '/in?a=1', 'application/json', '{"a":"é"}', 3, '2026-01-02Z'`;
    await database.sql(`insert into walhook.parked (${columns}, due_at) values (${row('p', 1)}, now())`);
    await database.sql(`insert into walhook.dead (${columns}, failure, message, response) values (${row('d', 2)}, 'status', 'm', 'r')`);
    expect(await migrate(state), `from ${from}`).toEqual(all.map(({ version }) => version).filter((version) => version > from));
    await owner.takeOver();
    const store = parkingStore(state, owner);
    expect(await storedDeliveries(state, owner).replay({ fate: 'dead' })).toEqual(new Map([['crm', 1]]));
    await store.park([parking(delivery(1, { request: { contentType: null, headers: [['x-a', 'b']] } }))]);
    const page = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 10, bytes: 1e9 });
    const before = { hook: 'h', endpoint: 'crm', method: 'PUT', path: '/in?a=1', contentType: 'application/json', headers: [] };
    expect(page.map((stored) => [stored.delivery.id, stored.delivery.body, stored.delivery.request])).toEqual([
      ['p', '{"a":"é"}', before],
      ['d', '{"a":"é"}', before],
      ['id-1-0', '{"n":1}', delivery(1, { request: { contentType: null, headers: [['x-a', 'b']] } }).request],
    ]);
  }
});

test('a schema may have any name', async () => {
  const { state } = await emptyState('My "state"; drop');
  await migrate(state);
  expect(await state.db.selectFrom('checkpoint').selectAll().execute()).toEqual([]);
});

test('of two daemons that start at once one migrates and the other finds it done', async () => {
  const { state, database } = await emptyState();
  const other = open({ client: { connectionString: database.url }, schema: 'walhook' });
  const all = await Promise.all([migrate(state), migrate(other), migrate(state), migrate(other)]);
  const versions = (await readMigrations()).map((migration) => migration.version);
  expect(all.filter((applied) => applied.length > 0)).toEqual([versions]);
});

test('a migration that breaks off leaves nothing behind, not even the ones before it', async () => {
  const { state, database } = await emptyState();
  const broken = { version: 2, breaking: false, sql: 'create table half (a int); select 1/0;' };
  await expect(migrate(state, [...(await readMigrations()).slice(0, 1), broken])).rejects.toMatchObject({ code: 'state_refused' });
  expect(await database.sql(`select from pg_namespace where nspname = 'walhook'`)).toHaveLength(0);
  await migrate(state);
});

test('a process that is killed in the middle leaves nothing behind and nothing locked', async () => {
  const { state, database } = await emptyState();
  const blocked = { version: 2, breaking: false, sql: 'select pg_terminate_backend(pg_backend_pid())' };
  await expect(migrate(state, [...(await readMigrations()).slice(0, 1), blocked])).rejects.toMatchObject({ reaction: 'retry' });
  expect(await database.sql(`select from pg_namespace where nspname = 'walhook'`)).toHaveLength(0);
  await migrate(state);
});

test('a schema that a newer walhook has changed is refused if the change breaks, and used if it does not', async () => {
  const { state, database } = await emptyState();
  await migrate(state);
  await database.sql('insert into walhook.migration (version, breaking) values (98, false)');
  expect(await migrate(state)).toEqual([]);
  await database.sql('insert into walhook.migration (version, breaking) values (99, true)');
  await expect(migrate(state)).rejects.toMatchObject({ code: 'state_schema_newer', message: expect.stringContaining('version 99') });
});

test('a role that may not create the schema is told what an administrator must run', async () => {
  const { state, database } = await emptyState();
  const role = `nobody_${database.name}`;
  await database.sql(`create role ${role} login password 'pw'`);
  try {
    const url = new URL(database.url);
    url.username = role;
    url.password = 'pw';
    const poor = open({ client: { connectionString: url.href }, schema: 'walhook' });
    await expect(migrate(poor)).rejects.toMatchObject({ code: 'state_permission', exit: 77, hint: expect.stringContaining('CREATE SCHEMA "walhook" AUTHORIZATION') });
    await database.sql(`create schema walhook authorization ${role}`);
    await migrate(poor);
    await poor.close();
  } finally {
    await state.close();
    await database.sql(`drop owned by ${role} cascade; drop role ${role}`);
  }
});

test('a commit is durable although the role says otherwise', async () => {
  const { state, database } = await emptyState();
  await database.sql(`alter database ${database.name} set synchronous_commit = off`);
  const { rows } = await sql<{ setting: string }>`select current_setting('synchronous_commit') as setting`.execute(state.db);
  expect(rows[0]?.setting).toBe('on');
});
