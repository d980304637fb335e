import { expect, onTestFinished, test, vi } from 'vitest';
import { Cli, type CliResult } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { freePort } from '../support/free-port.ts';
import type { TestDatabase } from '../support/postgres.ts';

vi.setConfig({ testTimeout: 120_000 });

const GIVE_UP = { status: 422, headers: { 'webhook-delivery': 'abort-message' }, body: 'no' };

interface Scene {
  readonly db: TestDatabase;
  readonly run: (...args: string[]) => Promise<CliResult>;
  readonly as: (url: string) => (...args: string[]) => Promise<CliResult>;
  readonly daemon: () => Promise<Cli>;
}

/** Set up, with two dead letters. */
async function scene(): Promise<Scene> {
  const db = await testDatabase('create table items (id int primary key, name text)');
  const receiver = await testReceiver();
  receiver.answer = () => GIVE_UP;
  const yaml = `${HEAD}server: { listen: "127.0.0.1:${await freePort()}" }\ntables: { items: { replica_identity: full } }\nendpoints: { crm: ${endpoint()} }\nhooks: [{ name: items, table: items, to: crm }]\n`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: { RECEIVER: receiver } }) };
  const daemon = async (): Promise<Cli> => {
    const started = new Cli(['run'], options);
    await started.says(/"msg":"streaming"/);
    return started;
  };
  const first = await daemon();
  await db.sql(`insert into items values (1, 'a'), (2, 'b')`);
  await expect.poll(() => db.sql('select 1 from walhook.dead'), { timeout: 30_000, interval: 20 }).toHaveLength(2);
  first.signal('SIGTERM');
  expect(await first.result).toMatchObject({ code: 0 });
  return { db, daemon, run: (...args) => command(args, options), as: (url) => (...args) => command(args, { yaml, env: { ...options.env, DATABASE_URL: url } }) };
}

async function left({ db }: Scene): Promise<unknown> {
  const [row] = await db.sql(
    `select (select count(*)::int from pg_replication_slots where slot_name = $1) as slot, (select count(*)::int from pg_publication) as publication,
            (select count(*)::int from pg_namespace where nspname = 'walhook') as schema, (select relreplident from pg_class where relname = 'items') as identity`,
    [db.name],
  );
  return row;
}

const ALL = { slot: 1, publication: 1, schema: 1, identity: 'f' };

test('it shows the SQL, asks, drops everything of its own, and finds nothing the second time', async () => {
  const world = await scene();
  const shown = await world.run('uninstall', '--dry-run');
  expect(shown).toMatchObject({ code: 0, stderr: '' });
  for (const sql of [`SELECT pg_catalog.pg_drop_replication_slot('${world.db.name}');`, 'DROP PUBLICATION "walhook";', 'DROP SCHEMA "walhook" CASCADE;', '-- ALTER TABLE ONLY "public"."items" REPLICA IDENTITY DEFAULT;', 'this loses for good: 2 dead letters']) {
    expect(shown.stdout).toContain(sql);
  }
  const asked = await world.run('uninstall');
  expect(asked).toMatchObject({ code: 2, stdout: shown.stdout, stderr: expect.stringContaining('This loses for good: 2 dead letters. Drop these 3? Nothing was done: there is no terminal to ask at') });
  expect(await left(world)).toEqual(ALL);

  expect(await world.run('uninstall', '--yes')).toMatchObject({ code: 0, stderr: '' });
  expect(await left(world)).toEqual({ slot: 0, publication: 0, schema: 0, identity: 'f' });
  const again = await world.run('uninstall', '--yes');
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(again.stdout).toContain('nothing to drop');
  const json = JSON.parse((await world.run('uninstall', '--yes', '--reset-identity', '--json')).stdout);
  expect(json).toMatchObject({ dry_run: false, done: [{ kind: 'replica_identity' }], refused: [], left: [], lost: { parked: 0, dead: 0 } });
  expect(await left(world)).toEqual({ slot: 0, publication: 0, schema: 0, identity: 'd' });
});

test('it refuses while a daemon runs, and while anybody reads the slot', async () => {
  const world = await scene();
  const daemon = await world.daemon();
  expect(await world.run('uninstall', '--yes')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/a daemon runs, and answers on http:\/\/127\.0\.0\.1:\d+ \(streaming\): stop it first/) });
  daemon.signal('SIGSTOP');
  expect(await world.run('uninstall', '--yes')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/is being read by server process \d+ \(walhook of role \S+ from \S+\): stop that daemon first/) });
  expect(await left(world)).toEqual(ALL);
  daemon.signal('SIGKILL');
  await daemon.result;
});

test('--keep-state leaves what is stored', async () => {
  const world = await scene();
  const { code, stdout } = await world.run('uninstall', '--yes', '--keep-state');
  expect(code).toBe(0);
  expect(stdout).not.toContain('this loses');
  expect(await left(world)).toEqual({ slot: 0, publication: 0, schema: 1, identity: 'f' });
  expect(await world.db.sql('select 1 from walhook.dead')).toHaveLength(2);
});

test('a schema with the state of another slot, or of somebody else, stays', async () => {
  const world = await scene();
  await world.db.sql(`insert into walhook.checkpoint select 'other', system_id, timeline, publication, lsn from walhook.checkpoint`);
  expect((await world.run('uninstall', '--yes')).stdout).toContain('it has the state of slot other too');
  expect(await left(world)).toMatchObject({ slot: 0, schema: 1 });
  await world.db.sql('drop schema walhook cascade; create schema walhook; create table walhook.mine (id int)');
  expect((await world.run('uninstall', '--yes')).stdout).toContain('it has no tables of walhook');
  expect(await world.db.sql('select * from walhook.mine')).toEqual([]);
});

test('what the role may not drop is SQL for an administrator', async () => {
  const world = await scene();
  const { db } = world;
  const role = `role_of_${db.name}`;
  await db.sql(`create role ${role} login replication password 'of the tests'; grant usage on schema walhook to ${role}; grant select on all tables in schema walhook to ${role}`);
  onTestFinished(async () => void (await db.sql(`drop owned by ${role}; drop role ${role}`)));
  const url = new URL(db.url);
  url.username = role;
  url.password = 'of the tests';
  const { code, stdout } = await world.as(url.href)('uninstall', '--yes');
  expect(code).toBe(77);
  expect(stdout).toContain('-- the role may not do the rest: for an administrator');
  expect(stdout.split('for an administrator')[1]).toMatch(/DROP PUBLICATION "walhook"; {2}-- must be owner.*\nDROP SCHEMA "walhook" CASCADE; {2}-- must be owner/);
  expect(await left(world)).toEqual({ ...ALL, slot: 0 });
});

test('a lock that somebody holds is not waited for', async () => {
  const world = await scene();
  const client = await world.db.client();
  await client.query('begin; lock table walhook.dead in access share mode');
  const blocked = await world.run('uninstall', '--yes');
  expect(blocked).toMatchObject({ code: 69, stderr: expect.stringContaining('a lock was not to be had in time') });
  await client.query('rollback');
  expect(await world.run('uninstall', '--yes')).toMatchObject({ code: 0 });
  expect(await left(world)).toMatchObject({ slot: 0, publication: 0, schema: 0 });
});
