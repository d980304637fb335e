import { expect, test } from 'vitest';
import { walhook } from '../support/cli.ts';
import { daemonEnvironment, HEAD, testDatabase } from '../support/daemon.ts';

const TABLE = 'create table profiles (id int primary key, email text, country text, country_visible text, score int)';
const ENDPOINT = 'endpoints:\n  crm: { url: https://crm.example.com, signing: { secrets: ["${SECRET}"] } }\n';

test('findings come worst first, each with its fix, and an error exits with 3', async () => {
  const db = await testDatabase(TABLE);
  const yaml = `${HEAD}
tables:
  profiles: { lookup: [emial], visibility: { country: country_visible } }
${ENDPOINT}
hooks:
  - { name: a, table: profiles, to: crm, when: "row.countrx == 'NL'" }
  - { name: b, table: profiles, to: crm, when: "row.score > 'x'" }
  - { name: c, table: profiles, to: crm, when: "row.score > 3 && old.email != row.email" }
`;
  const options = { yaml, env: daemonEnvironment({ db, receivers: {} }) };
  const { code, stdout, stderr } = await walhook(['check'], options);
  expect(stderr).toBe('');
  expect(code).toBe(3);
  const lines = stdout.split('\n');
  expect(lines).toContain('error tables.profiles.lookup: table profiles has no column emial (did you mean "email"?)');
  expect(lines).toContain('error tables.profiles.visibility.country: column country_visible of profiles is text, and must be boolean to tell whether country may be seen');
  const expression = lines.findIndex((line) => line.startsWith('error hooks.a.when: '));
  expect(lines[expression]).toContain('(did you mean "country"?)');
  const written = yaml.split('\n').findIndex((one) => one.includes('countrx'));
  expect(lines.slice(expression + 1, expression + 4)).toEqual([
    `    walhook.yaml:${written + 1}:53`,
    `      - { name: a, table: profiles, to: crm, when: "row.countrx == 'NL'" }`,
    '                                                        ^',
  ]);
  expect(stdout).toMatch(/^error hooks\.b\.when: /m);
  expect(stdout).not.toMatch(/^error hooks\.c\.when: /m);
  expect(stdout).toMatch(/^ {2}fix: \S/m);
  const severities = lines.map((line) => /^(error|warning|info) /.exec(line)?.[1]).filter((word) => word !== undefined);
  expect(severities).toEqual(severities.toSorted((a, b) => ['error', 'warning', 'info'].indexOf(a) - ['error', 'warning', 'info'].indexOf(b)));
  expect(stdout).toContain('`walhook run` would refuse.');

  const json = await walhook(['check', '--json'], options);
  expect(json.code).toBe(3);
  const report = JSON.parse(json.stdout) as { ok: boolean; findings: { path: string; severity: string }[] };
  expect(report.ok).toBe(false);
  expect(report.findings).toContainEqual(expect.objectContaining({ severity: 'error', path: 'hooks.a.when' }));
});

test('warnings alone exit with 0', async () => {
  const db = await testDatabase(TABLE);
  const yaml = `${HEAD}tables: { profiles: { lookup: [email] } }\n${ENDPOINT}hooks: [{ name: a, table: profiles, to: crm }]\n`;
  const { code, stdout } = await walhook(['check'], { yaml, env: daemonEnvironment({ db, receivers: {} }) });
  expect(stdout).toMatch(/^warning tables\.profiles\.lookup: /m);
  expect(stdout).toMatch(/no errors: walhook\.yaml and the database fit\. `walhook setup`/);
  expect(code).toBe(0);
});

test('check and plan change nothing', async () => {
  const db = await testDatabase(TABLE);
  const yaml = `${HEAD}tables: { profiles: { replica_identity: full } }\n${ENDPOINT}hooks: [{ name: a, table: profiles, to: crm }]\n`;
  const env = daemonEnvironment({ db, receivers: {} });
  await Promise.all([walhook(['check'], { yaml, env }), walhook(['plan', '--role', 'nobody_yet'], { yaml, env })]);
  expect(await db.sql('select 1 from pg_publication')).toEqual([]);
  expect(await db.sql('select 1 from pg_replication_slots where slot_name = $1', [db.name])).toEqual([]);
  expect(await db.sql("select relreplident from pg_class where relname = 'profiles'")).toEqual([{ relreplident: 'd' }]);
  expect(await db.sql("select 1 from pg_namespace where nspname = 'walhook'")).toEqual([]);
});

test('a state schema that the role may not use is an error, one that is missing is not', async () => {
  const db = await testDatabase(TABLE);
  const role = `weak_of_${db.name}`;
  await db.sql(`create role ${role} login replication password 'x'; grant create on database ${db.name} to ${role}; alter table profiles owner to ${role}`);
  try {
    const url = new URL(db.url);
    url.username = role;
    url.password = 'x';
    const yaml = `${HEAD}tables: { profiles: { replica_identity: full } }\n${ENDPOINT}hooks: [{ name: a, table: profiles, to: crm }]\n`;
    const env = { ...daemonEnvironment({ db, receivers: {} }), DATABASE_URL: url.href };
    const missing = await walhook(['check'], { yaml, env });
    expect(missing.stdout).toContain('info state.schema: the state schema "walhook" is not there yet');
    expect(missing.code).toBe(0);
    await walhook(['setup'], { yaml, env: { ...env, DATABASE_URL: db.url } });
    const denied = await walhook(['check'], { yaml, env });
    expect(denied.stdout).toContain('error state.schema: the role may not use the state schema "walhook"');
    expect(denied.code).toBe(3);
  } finally {
    await db.sql(`drop publication if exists walhook; reassign owned by ${role} to current_user; drop owned by ${role}; drop role ${role}`);
  }
});

test('an endpoint whose address is refused is told of before a delivery fails', async () => {
  const db = await testDatabase(TABLE);
  const yaml = `${HEAD}tables: { profiles: { replica_identity: full } }
endpoints:
  literal: { url: http://10.1.2.3/hooks, signing: { secrets: ["\${SECRET}"] } }
  six: { url: "http://[::1]:8080/hooks", signing: { secrets: ["\${SECRET}"] } }
  name: { url: http://localhost:8080/hooks, signing: { secrets: ["\${SECRET}"] } }
  allowed: { url: http://127.0.0.1:8080/hooks, signing: { secrets: ["\${SECRET}"] }, network: { allow: [127.0.0.0/8] } }
hooks: [{ name: a, table: profiles, to: [literal, six, name, allowed] }]
`;
  const { code, stdout, stderr } = await walhook(['check', '--json'], { yaml, env: daemonEnvironment({ db, receivers: {} }) });
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as { findings: { code: string; path: string; fix: string; message: string }[] };
  const blocked = report.findings.filter((finding) => finding.code === 'blocked_address');
  expect(blocked.map(({ path }) => path).toSorted()).toEqual(['endpoints.literal.network.allow', 'endpoints.name.network.allow', 'endpoints.six.network.allow']);
  expect(blocked.find(({ path }) => path.includes('literal'))).toMatchObject({ fix: 'network: { allow: ["10.1.2.3/32"] }', message: expect.stringContaining('10.1.2.3') });
  expect(code).toBe(0);
});
