import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Cli, type CliResult } from '../support/cli.ts';
import { SECRET, testDatabase, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

vi.setConfig({ testTimeout: 120_000 });

const TABLES = `
  create table profiles (user_id bigint primary key, email text, country text, country_visible boolean not null default true);
  create schema app;
  create table app.orders (id int, line int, total numeric, primary key (id, line));
  create table app.events (at timestamptz, what text) partition by range (at);
  create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');
  create table schema_migrations (version text primary key);
  create unlogged table cache (id int primary key);
  create view people as select * from profiles;
  insert into profiles select n, n || '@example.com', 'NL', n % 2 = 0 from generate_series(1, 100) n;
  analyze profiles`;

interface Scene {
  readonly db: TestDatabase;
  readonly file: string;
  readonly run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<CliResult>;
  readonly start: (args: readonly string[], env?: Readonly<Record<string, string>>) => Cli;
}

async function scene(schema = TABLES): Promise<Scene> {
  const db = await testDatabase(schema);
  const folder = mkdtempSync(join(tmpdir(), 'walhook-init-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'walhook.yaml');
  const start: Scene['start'] = (args, env = {}) => new Cli([...args, '-c', file], { env: { DATABASE_URL: db.url, ...env } });
  return { db, file, start, run: (args, env) => start(args, env).result };
}

test('what it writes passes check, sets itself up, and delivers once the endpoint is filled in', async () => {
  const { db, file, run, start } = await scene();
  const made = await run(['init']);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toContain(`wrote ${file}: profiles, app.orders; 2 others are in it as comments`);
  expect(made.stdout).toContain('export WEBHOOK_URL=');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('# profiles: about 100 rows, key user_id (user_id bigint, email text,');
  expect(text).toContain('visibility: { country: country_visible }');
  expect(text).toContain('# app.events: not analyzed, no primary key');
  for (const absent of ['events_2026', 'cache', 'people', new URL(db.url).password]) expect(text).not.toContain(absent);

  const unfilled = await run(['check']);
  expect(unfilled).toMatchObject({ code: 78, stdout: '' });
  expect(unfilled.stderr).toContain('WEBHOOK_URL: set it to where webhooks go');

  // Slots are the server's: a test has one of its own.
  const receiver = await testReceiver();
  writeFileSync(file, text.replace('slot: walhook ', `slot: ${db.name} `).replace('# network:', 'network:').replace('# server: { listen: "127.0.0.1:9464", token: "${WALHOOK_TOKEN}" }', 'server: { listen: "127.0.0.1:0" }'));
  const env = { WEBHOOK_URL: `${receiver.url}/hooks`, WEBHOOK_SECRET: SECRET };
  const check = await run(['check', '--json'], env);
  const { findings } = JSON.parse(check.stdout) as { findings: { severity: string; managed: boolean; code: string }[] };
  expect(findings.filter(({ severity, managed }) => severity === 'error' && !managed)).toEqual([]);
  expect(await run(['setup'], env)).toMatchObject({ code: 0, stderr: '' });
  expect(await run(['check', '--json'], env)).toMatchObject({ code: 0 });
  const daemon = start(['run'], env);
  await daemon.says(/"msg":"streaming"/);
  await db.sql(`update profiles set email = 'new@example.com' where user_id = 1`);
  await receiver.received(1);
  expect(receiver.bodies()).toEqual([expect.objectContaining({ redacted: ['country'], meta: { operation: 'data_update', lookup_values: [{ field: 'email', value: 'new@example.com', previous_value: '1@example.com' }] } })]);
  daemon.signal('SIGTERM');
  expect(await daemon.result).toMatchObject({ code: 0 });
  // The tables of walhook itself are none to watch.
  expect(JSON.parse((await run(['init', '--force', '--json'])).stdout)).toMatchObject({ tables: ['profiles', 'app.orders'] });
});

test('it overwrites nothing without --force, and takes the tables that are named', async () => {
  const { db, file, run } = await scene();
  writeFileSync(file, 'mine');
  expect(await run(['init'])).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already, and stays as it is') });
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(await run(['init', '--force', '--table', 'app.orders', '--url', db.url], { DATABASE_URL: '' })).toMatchObject({ code: 0, stdout: expect.stringContaining("export DATABASE_URL='postgres://…'") });
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('app.orders:');
  expect(text).not.toContain('profiles');
  expect(statSync(file).mode & 0o111).toBe(0);
  const json = await run(['init', '--force', '--json', '-t', 'profiles']);
  expect(JSON.parse(json.stdout)).toMatchObject({ file, tables: ['profiles'], omitted: [] });
});

test('what cannot be is told: no such table, no tables, no permission, no database', async () => {
  const { db, run } = await scene();
  expect(await run(['init', '-t', 'profile'])).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no such table (did you mean "profiles"?)') });
  const bare = await scene('select 1');
  expect(await bare.run(['init'])).toMatchObject({ code: 1, stderr: expect.stringContaining('has no tables') });

  const role = `role_of_${db.name}`;
  await db.sql(`create role ${role} login password 'of the tests'`);
  try {
    const url = new URL(db.url);
    url.username = role;
    url.password = 'of the tests';
    const env = { DATABASE_URL: url.href };
    expect(await run(['init'], env)).toMatchObject({ code: 77, stderr: expect.stringMatching(/the role may read none of its 4 tables\n.*GRANT SELECT ON "public"\."profiles" TO "role_of_/) });
    await db.sql(`grant select on profiles to ${role}`);
    expect(JSON.parse((await run(['init', '--json'], env)).stdout)).toMatchObject({ tables: ['profiles'] });
    expect(await run(['init', '--force', '-t', 'app.orders'], env)).toMatchObject({ code: 77, stderr: expect.stringContaining('may not read app.orders') });
    url.password = 'wrong';
    const wrong = await run(['init', '--force'], { DATABASE_URL: url.href });
    // The test server may trust everybody.
    expect([0, 77]).toContain(wrong.code);
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong@');
  } finally {
    await db.sql(`drop owned by ${role}; drop role ${role}`);
  }
  const gone = await run(['init', '--force'], { DATABASE_URL: 'postgres://u:hidden@127.0.0.1:1/db' });
  expect(gone).toMatchObject({ code: 69, stdout: '' });
  expect(gone.stderr).toMatch(/^walhook: u@127\.0\.0\.1:1\/db: the database cannot be reached/);
  expect(gone.stderr).not.toContain('hidden');
  expect(await run(['init', '--force'], { DATABASE_URL: 'mysql://x' })).toMatchObject({ code: 2, stderr: expect.stringContaining('DATABASE_URL: expected a URL that starts with postgres://') });
});
