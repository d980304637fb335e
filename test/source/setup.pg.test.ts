import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startEmbeddedPostgres } from '../../src/commands/embedded-postgres.ts';
import type { Config } from '../../src/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { formatLsn, parseLsn } from '../../src/lsn.ts';
import type { StoredPosition } from '../../src/position.ts';
import { connect, reach, target } from '../../src/source/connect.ts';
import { continuity } from '../../src/source/continuity.ts';
import { findings } from '../../src/source/findings.ts';
import { inspect } from '../../src/source/inspect.ts';
import { plan } from '../../src/source/plan.ts';
import { roleSql } from '../../src/source/role.ts';
import { prepare, setup, type SetupResult } from '../../src/source/setup.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

interface Ground {
  readonly database: TestDatabase;
  readonly client: pg.Client;
  readonly config: Config;
  readonly run: (more?: { checkpoint?: StoredPosition; lockTimeout?: number }) => Promise<SetupResult>;
}

/** A database with tables of the test's, and a config that watches `tables`. */
async function ground(ddl: string, tables = 'profiles: { replica_identity: full }', source = ''): Promise<Ground> {
  const database = await createDatabase();
  onTestFinished(() => database.drop());
  await database.sql(ddl);
  const client = await database.client();
  const config = configOf(database.url, tables, source);
  return { database, client, config, run: (more) => setup({ config, client, ...more, checkpoint: () => Promise.resolve(more?.checkpoint ?? null) }) };
}

function configOf(url: string, tables: string, source = ''): Config {
  const name = `s${randomBytes(6).toString('hex')}`;
  const first = tables.split(':')[0];
  const text = `
version: 1
source: { url: "${url}", slot: ${name}, publication: "My pub"${source} }
tables:
${tables.split('\n').map((line) => `  ${line}`).join('\n')}
endpoints: { crm: { url: https://crm.example.com/, signing: { secrets: [whsec_${Buffer.alloc(32).toString('base64')}] } } }
hooks: [{ name: h, table: ${first}, to: crm }]`;
  return loadConfig({ text, file: 'walhook.yaml', env: {}, readFile: () => '' });
}

/** Nothing is stored. */
const nothing = (): Promise<null> => Promise.resolve(null);

/** The server has it since this version. */
async function version(database: TestDatabase): Promise<number> {
  const [row] = await database.sql<{ version: number }>(`select current_setting('server_version_num')::int as version`);
  return row?.version ?? 0;
}

const PROFILES = `create table profiles (user_id int primary key, email text); insert into profiles values (1, 'a')`;

test('a daemon that goes on while its database is looked at is no loss', async () => {
  const { database, client, config, run } = await ground(PROFILES);
  const { facts: { server } } = await run();
  // Somebody writes, and the daemon stores how far it has come, between the look at the database and that at the checkpoint.
  const checkpoint = async (): Promise<StoredPosition> => {
    const [written] = await database.sql<{ lsn: string }>(`insert into profiles values (2, 'b') returning pg_current_wal_insert_lsn()::text as lsn`);
    return { position: { lsn: parseLsn(written?.lsn ?? ''), within: null }, systemId: server.systemId, timeline: server.timeline, publication: 'My pub' };
  };
  expect((await continuity(config, client, checkpoint)).loss).toBeNull();
});

test('makes all from nothing, and has nothing to do the next time', async () => {
  const { database, config, run } = await ground(PROFILES);
  const first = await run();
  expect(first.done.map((step) => step.kind)).toEqual(['schema', 'replica_identity', 'publication', 'slot']);
  expect(first.facts.slot).toMatchObject({ plugin: 'pgoutput', database: database.name, activePid: null });
  expect(first.facts.publication).toMatchObject({ viaRoot: true, publishes: { insert: true, update: true, delete: true, truncate: true } });
  expect(first.findings.filter((finding) => finding.severity === 'error')).toEqual([]);
  expect((await run()).done).toEqual([]);
  expect(plan(config, first.facts)).toEqual([]);
});

test('a table that comes to the config is added, one that leaves it is dropped', async () => {
  const { database, client, config, run } = await ground(`${PROFILES}; create table orders (id int primary key)`);
  await run();
  const changed = { ...configOf(database.url, 'orders: {}'), source: config.source };
  const { done, facts } = await setup({ config: changed, client, checkpoint: nothing });
  expect(done.map((step) => step.kind)).toEqual(['publication', 'publication']);
  expect(facts.publication?.tables.map((table) => table.table)).toEqual(['orders']);
});

test('of two that start at once both end with all made', async () => {
  const { database, config, client } = await ground(PROFILES);
  const others = await Promise.all([database.client(), database.client()]);
  const all = await Promise.all([client, ...others].map((each) => setup({ config, client: each, checkpoint: nothing })));
  for (const { facts } of all) expect(plan(config, facts)).toEqual([]);
});

test('names are quoted: mixed case, spaces, quotes', async () => {
  const { run, database } = await ground(`create schema "Sh'op"; create table "Sh'op"."Or der" ("Id" int primary key)`, `"Sh'op.Or der": { replica_identity: full }`);
  await run();
  const rows = await database.sql(`select schemaname, tablename from pg_publication_tables where pubname = 'My pub'`);
  expect(rows).toEqual([{ schemaname: "Sh'op", tablename: 'Or der' }]);
});

test('the application\'s writes work after every single step: table without a key, partitions, generated columns', async () => {
  const { database, client, config } = await ground(
    `${PROFILES};
     create table keyless (a int, b text); insert into keyless values (1, 'x');
     create table parts (a int, b text) partition by range (a);
     create table parts_1 partition of parts for values from (0) to (10);
     create table parts_2 partition of parts for values from (10) to (20) partition by range (a);
     create table parts_2_1 partition of parts_2 for values from (10) to (15);
     insert into parts values (1, 'x'), (11, 'x');
     create table computed (a int primary key, b text, g int generated always as (a * 2) stored); insert into computed values (1, 'x')`,
    `profiles: { replica_identity: full }
keyless: { key: [a], replica_identity: full }
parts: { key: [a], replica_identity: full }
computed: { replica_identity: full }`,
  );
  const app = await database.client();
  const write = async (): Promise<void> => {
    await app.query(`update profiles set email = 'b'; update keyless set b = 'y'; update parts set b = 'y'; update computed set b = 'y'; update computed set a = a + 1`);
    await app.query(`insert into keyless values (2); delete from keyless where a = 2; delete from parts where a = 3; delete from computed where a = 0`);
  };
  const steps = plan(config, await inspect(client, config));
  expect(steps.filter((step) => step.kind === 'replica_identity')).toHaveLength(7);
  for (const step of steps) {
    await client.query(step.sql);
    await write();
  }
  expect(plan(config, await inspect(client, config))).toEqual([]);
});

test('a publication without generated columns is mended before the identity has them', async () => {
  const { database, run } = await ground(`create table profiles (a int primary key, b text, g int generated always as (a * 2) stored); insert into profiles values (1); create publication "My pub" for table profiles`);
  await run();
  await database.sql(`update profiles set b = 'y'; delete from profiles`);
});

test('on Postgres 18 what would break the application is refused, and nothing is changed', async () => {
  const { database, run } = await ground(`create table profiles (a int primary key, b text); insert into profiles values (1)`);
  if ((await version(database)) < 180_000) return;
  await database.sql('alter table profiles add g int generated always as (a * 2) virtual');
  await expect(run()).rejects.toMatchObject({ code: 'virtual_column', exit: 3 });
  await database.sql('alter table profiles drop g, add g int generated always as (a * 2) stored; create publication elsewhere for table profiles');
  await expect(run()).rejects.toMatchObject({ code: 'generated_column_unpublished', hint: 'ALTER PUBLICATION "elsewhere" SET (publish_generated_columns = stored);' });
  await database.sql(`update profiles set b = 'y'; delete from profiles`);
  expect(await database.sql(`select from pg_publication where pubname = 'My pub'`)).toHaveLength(0);
});

test('a table without key and identity is refused, and its updates go on', async () => {
  const { database, run } = await ground(`create table profiles (a int, b text); insert into profiles values (1)`, 'profiles: { key: [a] }');
  await expect(run()).rejects.toMatchObject({ code: expect.stringMatching(/identity_missing|check_failed/), exit: 3 });
  await database.sql(`update profiles set b = 'y'`);
});

test('a lock that is not to be had in time is given up, and says who holds it', async () => {
  const { database, run } = await ground(PROFILES);
  const holder = await database.client();
  await holder.query('begin; select from profiles');
  await expect(run({ lockTimeout: 50 })).rejects.toMatchObject({ code: 'lock_timeout', reaction: 'retry', exit: 69, message: expect.stringMatching(/^\S+@\S+:\d+\/\S+: could not .*profiles/), hint: expect.stringContaining('pg_stat_activity') });
  await holder.query('rollback');
  expect((await run()).done.map((step) => step.kind)).toEqual(['replica_identity', 'publication', 'slot']);
});

test('a slot that waits for an open transaction is given up as a passing fault, and leaves no half slot', async () => {
  const { database, client, config, run } = await ground(PROFILES);
  const writer = await database.client();
  await writer.query(`begin; insert into profiles values (2)`);
  const waiting = setup({ config: { ...config, tables: [], hooks: [] }, client, checkpoint: nothing, slotTimeout: 200 });
  await expect(waiting).rejects.toMatchObject({ code: 'slot_waits', reaction: 'retry', exit: 69 });
  expect((await inspect(client, config)).slot).toBeNull();
  await writer.query('rollback');
  expect((await run()).facts.slot).not.toBeNull();
});

test('without manage it refuses with the SQL, and that SQL makes it ready', async () => {
  const { client, config } = await ground(PROFILES, 'profiles: { replica_identity: full }', ', manage: false');
  const refused: unknown = await prepare({ config, client, checkpoint: nothing }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'not_set_up', exit: 3, hint: expect.stringContaining('CREATE PUBLICATION "My pub"') });
  const sql = refused instanceof Error && 'hint' in refused ? String(refused.hint) : '';
  // As psql sends it: a statement at a time.
  for (const statement of sql.replaceAll(/^--.*$/gm, '').split(/;\n|;$/)) if (statement.trim() !== '') await client.query(statement);
  expect((await prepare({ config, client, checkpoint: nothing })).done).toEqual([]);
});

test('a slot that is gone is not made again in silence', async () => {
  const { database, client, config, run } = await ground(PROFILES);
  const { facts } = await run();
  const { currentLsn: lsn } = (await inspect(client, config)).server;
  const checkpoint: StoredPosition = { position: { lsn, within: null }, systemId: facts.server.systemId, timeline: facts.server.timeline, publication: 'My pub' };
  expect((await run({ checkpoint })).done).toEqual([]);
  await expect(run({ checkpoint: { ...checkpoint, systemId: '1' } })).rejects.toMatchObject({ code: 'other_system' });
  await expect(run({ checkpoint: { ...checkpoint, timeline: 9 } })).rejects.toMatchObject({ code: 'other_timeline' });
  await expect(run({ checkpoint: { ...checkpoint, position: { lsn: 1n, within: null } } })).rejects.toMatchObject({ code: 'slot_moved', message: expect.stringMatching(/changes between 0\/1 and \S+ were not sent/) });
  await database.sql('select pg_drop_replication_slot($1)', [config.source.slot]);
  for (const attempt of [run({ checkpoint }), prepare({ config, client, checkpoint: () => Promise.resolve(checkpoint) })]) {
    await expect(attempt).rejects.toMatchObject({
      code: 'slot_lost',
      message: expect.stringMatching(new RegExp(`changes between ${formatLsn(lsn)} and [0-9A-F]+/[0-9A-F]+ were not sent`)),
      hint: expect.stringContaining('walhook resync'),
    });
  }
  expect((await inspect(client, config)).slot).toBeNull();
});

test('a slot whose publication is gone is of no use, and nobody is told otherwise', async () => {
  const { database, run } = await ground(PROFILES);
  await run();
  await database.sql('drop publication "My pub"');
  await expect(run()).rejects.toMatchObject({ code: 'publication_lost' });
});

test('a slot of another plugin or database is somebody else\'s', async () => {
  const { database, config, run } = await ground(PROFILES);
  await database.sql('create publication "My pub"');
  await database.sql(`select pg_create_logical_replication_slot('${config.source.slot}', 'test_decoding')`);
  await expect(run()).rejects.toMatchObject({ code: 'slot_plugin' });
  await database.sql('select pg_drop_replication_slot($1)', [config.source.slot]);
  const other = await ground(PROFILES);
  await other.database.sql(`select pg_create_logical_replication_slot('${config.source.slot}', 'pgoutput')`);
  await expect(run()).rejects.toMatchObject({ code: 'slot_database', message: expect.stringContaining(other.database.name) });
});

test('roles: what is missing is said with its SQL, and the least-privilege role suffices', async () => {
  const { database, config } = await ground(PROFILES, 'profiles: {}', ', manage: false');
  const role = `r${randomBytes(6).toString('hex')}`;
  await database.sql(`create role ${role} login password 'pw'`);
  onTestFinished(async () => {
    const again = await createDatabase();
    await again.sql(`drop role ${role}`);
    await again.drop();
  });
  const url = new URL(database.url);
  url.username = role;
  url.password = 'pw';
  const as = async (manage: boolean): Promise<unknown> => {
    const { client } = await connect(target(url.href));
    try {
      return await prepare({ config: { ...config, source: { ...config.source, manage } }, client, checkpoint: nothing }).catch((error: unknown) => error);
    } finally {
      await client.end();
    }
  };
  expect(await as(true)).toMatchObject({ code: 'check_failed', exit: 77, hint: expect.stringContaining(`ALTER ROLE "${role}" REPLICATION;`) });
  await database.sql(`alter role ${role} replication; create schema walhook authorization ${role}`);
  expect(await as(true)).toMatchObject({ code: 'check_failed', exit: 77, hint: expect.stringContaining('GRANT CREATE ON DATABASE') });
  await database.sql(`grant create on database ${database.name} to ${role}`);
  expect(await as(true)).toMatchObject({ code: 'not_owner', exit: 77, hint: expect.stringContaining('GRANT ') });

  const facts = await inspect(await database.client(), config);
  await database.sql(`revoke create on database ${database.name} from ${role}; drop schema walhook; alter role ${role} noreplication`);
  await database.sql(roleSql(config, { ...facts, schemas: ['public'] }, role).replace(/^CREATE ROLE .*$/m, '').replaceAll(/--.*$/gm, ''));
  await setup({ config, client: await database.client(), checkpoint: nothing });
  expect(await as(false)).toMatchObject({ done: [] });
  await database.sql(`drop owned by ${role} cascade`);
});

test('a pool will do', async () => {
  const { database, config } = await ground(PROFILES);
  const { default: postgres } = await import('pg');
  const pool = new postgres.Pool({ ...(await reach(target(database.url))), max: 2 });
  expect((await setup({ config, client: pool, checkpoint: nothing })).done).toHaveLength(4);
  await pool.end();
});

test('connecting: a wrong password, a database that is not there, nobody who listens', async () => {
  const url = new URL(inject('postgresUrl'));
  const failing = (change: (url: URL) => void): Promise<unknown> => {
    const changed = new URL(url);
    change(changed);
    return connect(target(changed.href)).catch((error: unknown) => error);
  };
  expect(await failing((to) => (to.pathname = '/no_such'))).toMatchObject({ code: 'no_such_database', exit: 77 });
  expect(await failing((to) => (to.port = '1'))).toMatchObject({ code: 'database_unreachable', exit: 69, reaction: 'retry' });
  expect(await failing((to) => (to.host = 'no-such-host.invalid'))).toMatchObject({ code: 'database_unreachable', exit: 69 });
  const refused = await failing((to) => (to.password = 'hunter2'));
  expect(refused).toMatchObject({ code: 'wrong_password', exit: 77 });
  expect(String(refused)).not.toContain('hunter2');
});

test('wal_level=replica and no free slot are found before anything is changed', async () => {
  const server = await startEmbeddedPostgres({ settings: { wal_level: 'replica', max_replication_slots: '1' } });
  onTestFinished(() => server.stop());
  const { client } = await connect(target(server.url));
  onTestFinished(() => client.end());
  await client.query(PROFILES);
  const config = configOf(server.url, 'profiles: { replica_identity: full }');
  await expect(setup({ config, client, checkpoint: nothing })).rejects.toMatchObject({ code: 'wal_level', exit: 3, hint: expect.stringContaining(`ALTER SYSTEM SET wal_level = 'logical'`) });
  await client.query(`select pg_create_physical_replication_slot('taken')`);
  const found = findings(config, await inspect(client, config)).map((finding) => finding.code);
  expect(found).toEqual(expect.arrayContaining(['wal_level', 'no_free_slot', 'slot_wal_unlimited']));
  expect((await client.query('select from pg_publication')).rowCount).toBe(0);
});
