import { expect, test } from 'vitest';
import { walhook } from '../support/cli.ts';
import { daemonEnvironment, HEAD, testDatabase } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

const YAML = `${HEAD}
server: { listen: 127.0.0.1:0 }
tables: { profiles: { replica_identity: full } }
endpoints: { crm: { url: https://crm.example.com } }
hooks: [{ name: a, table: profiles, to: crm }]
`;
const TABLE = 'create table profiles (id int primary key, email text)';

async function databaseState(db: TestDatabase): Promise<unknown> {
  const [row] = await db.sql(
    `select (select relreplident from pg_class where relname = 'profiles') as identity,
            (select string_agg(tablename, ',') from pg_publication_tables where pubname = 'walhook') as published,
            (select plugin from pg_replication_slots where slot_name = $1) as slot`,
    [db.name],
  );
  return row;
}

const READY = { identity: 'f', published: 'profiles', slot: 'pgoutput' };

test('setup does what is missing, prints it, and finds nothing to do the second time', async () => {
  const db = await testDatabase(TABLE);
  const options = { yaml: YAML, env: daemonEnvironment({ db, receivers: {} }) };
  const first = await walhook(['setup'], options);
  expect(first).toMatchObject({ code: 0, stderr: '' });
  for (const sql of ['ALTER TABLE ONLY "public"."profiles" REPLICA IDENTITY FULL;', 'CREATE PUBLICATION "walhook"', 'pg_create_logical_replication_slot']) {
    expect(first.stdout).toContain(sql);
  }
  expect(await databaseState(db)).toEqual(READY);
  expect(await db.sql('select count(*)::int as parked from walhook.parked')).toEqual([{ parked: 0 }]);

  const second = await walhook(['setup'], options);
  expect(second).toMatchObject({ code: 0, stderr: '' });
  expect(second.stdout).toContain('nothing to do');
  expect(second.stdout).not.toContain('CREATE');
  expect(await walhook(['plan'], options)).toMatchObject({ code: 0, stdout: expect.stringContaining('nothing to do') });
});

test('what plan prints can be run as it stands, with a role that may do no more than it must', async () => {
  const db = await testDatabase(TABLE);
  const role = `role_of_${db.name}`;
  const env = daemonEnvironment({ db, receivers: {} });
  const plan = await walhook(['plan', '--role', role], { yaml: YAML, env });
  expect(plan).toMatchObject({ code: 0, stderr: '' });
  // psql sends statement by statement; so must we, for a slot cannot be made in a transaction that has written.
  const statements = plan.stdout.replaceAll(/--.*$/gm, '').split(';').map((sql) => sql.trim()).filter((sql) => sql !== '');
  try {
    for (const sql of statements) await db.sql(sql);
    expect(await databaseState(db)).toEqual(READY);
    const manual = YAML.replace('slot: "${SLOT}"', 'slot: "${SLOT}", manage: false');
    await db.sql(`alter role ${role} password 'of the tests'`);
    const url = new URL(db.url);
    url.username = role;
    url.password = 'of the tests';
    const check = await walhook(['check', '--json'], { yaml: manual, env: { ...env, DATABASE_URL: url.href } });
    expect(JSON.parse(check.stdout)).toMatchObject({ ok: true });
  } finally {
    await db.sql(`drop schema if exists walhook cascade; drop owned by ${role}; drop role ${role}`);
  }
});

test('plan --json gives the steps', async () => {
  const db = await testDatabase(TABLE);
  const { stdout } = await walhook(['plan', '--json'], { yaml: YAML, env: daemonEnvironment({ db, receivers: {} }) });
  const { role, steps } = JSON.parse(stdout) as { role: null; steps: { kind: string }[] };
  expect(role).toBeNull();
  expect(steps.map(({ kind }) => kind)).toEqual(['schema', 'replica_identity', 'publication', 'slot']);
});

test('status before, after setup, and without a daemon says so', async () => {
  const db = await testDatabase(TABLE);
  const options = { yaml: YAML, env: daemonEnvironment({ db, receivers: {} }) };
  const before = await walhook(['status'], options);
  expect(before).toMatchObject({ code: 1, stderr: '' });
  expect(before.stdout).toContain('walhook is not running');
  expect(before.stdout).toContain('there is none (walhook setup)');
  expect(before.stdout).toContain('parked and dead cannot be counted');
  await walhook(['setup'], options);
  const after = await walhook(['status', '--json'], options);
  expect(after.code).toBe(1);
  expect(JSON.parse(after.stdout)).toMatchObject({
    daemon: null,
    slot: { active: false, wal_status: 'reserved', lag_seconds: null },
    state_error: null,
    endpoints: [{ name: 'crm', configured: true, parked: 0, dead: 0 }],
  });
});

test('plan and setup refuse what they cannot put right, and make nothing', async () => {
  const db = await testDatabase();
  const options = { yaml: YAML, env: daemonEnvironment({ db, receivers: {} }) };
  for (const verb of ['plan', 'setup']) {
    const { code, stdout, stderr } = await walhook([verb], options);
    expect(stderr).toContain('there is no table public.profiles');
    expect(stdout).toBe('');
    expect(code).toBe(3);
  }
  expect(await db.sql("select 1 from pg_namespace where nspname = 'walhook'")).toEqual([]);
});

test('setup says whether it made the state schema', async () => {
  const db = await testDatabase(TABLE);
  const options = { yaml: YAML, env: daemonEnvironment({ db, receivers: {} }) };
  expect((await walhook(['setup'], options)).stdout).toContain('-- made the state schema "walhook" and its tables');
  expect((await walhook(['setup'], options)).stdout).toContain('-- state schema "walhook" is up to date');
});

test('plan is there for an administrator, whatever the role itself lacks', async () => {
  const db = await testDatabase(TABLE);
  const role = `poor_of_${db.name}`;
  const url = new URL(db.url);
  url.username = role;
  url.password = 'of the tests';
  await db.sql(`create role ${role} login password 'of the tests'`);
  try {
    const plan = await walhook(['plan'], { yaml: YAML, env: { ...daemonEnvironment({ db, receivers: {} }), DATABASE_URL: url.href } });
    expect(plan).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('CREATE PUBLICATION') });
  } finally {
    await db.sql(`drop role ${role}`);
  }
});
