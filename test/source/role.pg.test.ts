import { expect, onTestFinished, test } from 'vitest';
import pg from 'pg';
import { stringify } from 'yaml';
import { walhook } from '../support/cli.ts';
import { HEAD, startDaemon, testDatabase, testReceiver, endpoint } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

/** What the role must not be able to do, besides what `run` needs. The state schema is its own. */
const FORBIDDEN: readonly string[] = [
  'select from secrets',
  'insert into items values (9)',
  'update items set id = 9',
  'delete from items',
  'truncate items',
  'alter table items add column more int',
  'drop table items',
  'create index on items (id)',
  'create trigger t before insert on items for each row execute function suppress_redundant_updates_trigger()',
  'create table public.mine (id int)',
  'create schema mine',
  'create publication mine for table items',
  'alter publication walhook add table secrets',
  'drop publication walhook',
  'alter publication walhook set (publish = \'insert\')',
  'create role other',
  'alter role current_user superuser',
  'alter role current_user createrole',
  'grant pg_read_all_data to current_user',
  'create database other',
  'alter system set fsync = off',
  'alter database postgres set work_mem = \'1MB\'',
  'select rolpassword from pg_authid',
  'select pg_read_file(\'/etc/passwd\')',
  'copy (select 1) to program \'true\'',
  'copy (select 1) to \'/tmp/walhook-role\'',
  'select lo_import(\'/etc/passwd\')',
  'create extension dblink',
  'create function f() returns int language c as \'x\'',
  'select pg_terminate_backend(pid) from pg_stat_activity where usename <> current_user and datname = current_database() limit 1',
  'select pg_reload_conf()',
];

async function dropRoles(db: TestDatabase, ...roles: readonly string[]): Promise<void> {
  for (const role of roles) await db.sql(`reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
}

test('a role that `plan --role` has made runs the daemon, with manage: false, and may do nothing else', async () => {
  const db = await testDatabase('create table items (id int primary key); create table secrets (id int primary key); insert into secrets values (1)');
  const role = `role_of_${db.name}`;
  const receiver = await testReceiver();
  const yaml = `${HEAD.replace('slot:', 'manage: false, slot:')}endpoints: { crm: ${endpoint()} }
hooks: [{ name: crm, table: items, to: crm }]
`;
  const env = { DATABASE_URL: db.url, SLOT: db.name, RECEIVER: receiver.url, SECRET: `whsec_${Buffer.alloc(32).toString('base64')}` };
  const { stdout, code } = await walhook(['plan', '--role', role, '--provider', 'plain'], { yaml, env });
  expect(code).toBe(0);
  onTestFinished(() => dropRoles(db, role));
  // As psql does, statement by statement.
  for (const sql of stdout.replaceAll(/--.*$/gm, '').split(';')) await db.sql(sql);
  await db.sql(`alter role ${role} password 'of the tests'`);
  const url = new URL(db.url);
  url.username = role;
  url.password = 'of the tests';
  await startDaemon({ db: { ...db, url: url.href }, receivers: { RECEIVER: receiver }, yaml });
  await db.sql('insert into items values (1)');
  await receiver.deliveries(1);

  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const may: string[] = [];
  for (const statement of FORBIDDEN) {
    await client.query('begin');
    await client.query(statement).then(
      () => may.push(statement),
      (error: unknown) => expect({ statement, code: (error as { code: unknown }).code }).toEqual({ statement, code: expect.stringMatching(/^(?:42501|25001)$/) }),
    );
    await client.query('rollback');
  }
  await client.end();
  expect(may).toEqual([]);
});

test('where the administrator is no superuser, as on every managed Postgres, the SQL runs as it stands', async () => {
  const db = await testDatabase('create table items (id int primary key)');
  const [admin, role] = [`admin_of_${db.name}`, `role_of_${db.name}`];
  await db.sql(`create role ${admin} login createrole replication password 'x'; alter database ${db.name} owner to ${admin}; alter table items owner to ${admin}; alter schema public owner to ${admin}`);
  onTestFinished(() => dropRoles(db, role, admin));
  const url = new URL(db.url);
  url.username = admin;
  url.password = 'x';
  const yaml = stringify({ version: 1, source: { url: url.href, slot: db.name }, endpoints: { crm: { url: 'https://example.com' } }, hooks: [{ name: 'crm', table: 'items', to: 'crm' }] });
  for (const provider of ['cloudsql', 'supabase', 'azure'] as const) {
    const { stdout, code } = await walhook(['plan', '--role', role, '--provider', provider], { yaml });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^-- run this as /m);
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    await client.query('begin');
    await client.query(stdout.slice(0, stdout.indexOf('-- create publication')).replaceAll(/--.*$/gm, ''));
    const { rows } = await client.query(`select rolreplication, rolsuper, pg_get_userbyid(nspowner) as owner, pg_has_role(current_user, rolname, 'set') as member from pg_roles, pg_namespace where rolname = $1 and nspname = 'walhook'`, [role]);
    expect(rows).toEqual([{ rolreplication: true, rolsuper: false, owner: role, member: false }]);
    await client.query(provider === 'azure' ? 'commit' : 'rollback');
    await client.end();
  }
  const rds = await walhook(['plan', '--role', 'other', '--provider', 'rds'], { yaml });
  expect(rds.stdout).toContain('GRANT rds_replication TO "other";');
  expect(rds.stdout).not.toContain(' REPLICATION;');
});
