import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test, vi } from 'vitest';
import type { RenderReport } from '../../src/commands/render-text.ts';
import { type CliResult, walhook } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';

// Processes start slowly where many tests run at once.
vi.setConfig({ testTimeout: 120_000 });

const TABLES = `
  create table organizations (id int primary key, name text, domain text);
  create table contacts (
    region text, id bigint, name text, email text, phone text, phone_visible boolean, tags text[], pad char(4), credit numeric, at timestamptz, organization_id int,
    primary key (region, id)
  );
  alter table contacts replica identity full;
  insert into organizations values (7, 'TechWrite', 'techwrite.example');
`;
const ROW = `insert into contacts values ('eu', 42, 'Zoë "Z" / NL', 'zoe@example.com', '+31 6 1234', false, '{vip,"a & b"}', 'x', 12345678901234567890.10, '2026-01-02 23:04:05.678901+00', 7)`;
const TABLE = 'tables: { contacts: { lookup: [email, phone], visibility: { phone: phone_visible } } }\n';
const KEY = ['--key', 'region=eu', '--key', 'id=42'];

interface Setting {
  readonly db: TestDatabase;
  readonly yaml: string;
  readonly receivers: Readonly<Record<string, Receiver>>;
}

function render({ db, yaml, receivers }: Setting, ...args: readonly string[]): Promise<CliResult> {
  return command(['render', ...args], { yaml, env: daemonEnvironment({ db, receivers }) });
}

async function report(setting: Setting, ...args: readonly string[]): Promise<RenderReport> {
  const { code, stdout, stderr } = await render(setting, ...args, '--json');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as RenderReport;
}

/** Those whose endpoints have batches. */
const BATCHED = new Set(['batched', 'batchedevents', 'batchedquery']);

/** What is an example in what is rendered: times, LSNs and ids. */
function lasting(text: string): string {
  return text
    .replaceAll(/example-[0-9a-f-]{36}|[0-9a-f]{16}-\d+-[iuvd]-[0-9a-f]{16}/g, '<id>')
    .replaceAll(/("(?:time|timestamp|ts_\w+|lsn|txId|sequence|xid|committed_at)":)(?:"(?:[^"\\]|\\.)*"|\d+)/g, '$1<example>');
}

/** Headers that HTTP adds itself, or that are other ones each time. */
const PASSING = /^(?:host|connection|content-length|transfer-encoding|webhook-id|webhook-timestamp|webhook-signature|ce-id|ce-time|ce-sequence\w*)$/;

function lastingHeaders(headers: Iterable<readonly [string, string]>): [string, string][] {
  return [...headers].filter(([name]) => !PASSING.test(name)).map(([name, value]): [string, string] => [name, name === 'user-agent' ? value.replace(/\/.*/, '') : value]).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

const HOOKS: Readonly<Record<string, string>> = {
  event: 'meta: [table, changed, lsn], fields: { rename: { email: mail } }',
  standard: 'format: standard',
  cloudevents: 'format: cloudevents',
  binary: 'format: cloudevents-binary',
  debezium: 'format: debezium',
  template: 'body: { id: "${{ row.id }}", phone: "${{ row.phone }}", credit: "${{ row.credit }}", pad: "${{ row.pad }}", was: "${{ old.email }}", changed: "${{ changed }}", event: "${{ event.id }}" }',
  form: 'encoding: form, body: { "parameters": { name: "${{ row.name }}" }, interests: "${{ row.tags }}" }',
  query: 'method: GET, body: { name: "${{ row.name }}", phone: "${{ row.phone }}" }',
  templated: 'method: "${{ event.operation == \'delete\' ? \'DELETE\' : \'PUT\' }}", path: "/contacts/${{ row.region }}/${{ row.name }}?id=${{ row.id }}", headers: { X-Name: "${{ row.email }}", X-Table: "${{ event.table }}" }',
  batched: 'meta: [id, table]',
  batchedevents: 'format: cloudevents',
  batchedquery: 'method: "${{ row.id == 42 ? \'GET\' : \'PUT\' }}", body: { name: "${{ row.name }}" }',
  enriched: 'enrich: { org: "select name, domain from organizations where id = ${{ row.organization_id }}" }, body: { name: "${{ row.name }}", org: "${{ org }}", phone: "${{ row.phone }}" }, path: "/orgs/${{ org.domain }}"',
};
const CHANGES = [
  { operation: 'insert', sql: ROW, args: [] },
  { operation: 'update', sql: "update contacts set email = 'zoe@example.org', tags = '{new}'", args: ['--old', '{"email":"zoe@example.com","tags":["vip","a & b"]}'] },
  { operation: 'visibility_update', sql: 'update contacts set phone_visible = true', args: ['--old', '{"phone_visible":false}'] },
] as const;

test('renders what the daemon sends, to the byte, while it runs: every format and encoding, templates, hidden values, lookups', async () => {
  const db = await testDatabase(TABLES);
  const crm = await testReceiver();
  const hooks = Object.entries(HOOKS).map(([name, options]) => `  - { name: ${name}, table: contacts, to: crm-${name}, ${options} }`);
  const endpoints = Object.keys(HOOKS).map((name) => `  crm-${name}: ${endpoint(BATCHED.has(name) ? { batch: '{ linger: 0s }' } : {}, 'CRM').replace('/hooks', `/${name}`)}`);
  const yaml = `${HEAD}${TABLE}endpoints:\n${endpoints.join('\n')}\nhooks:\n${hooks.join('\n')}\n`;
  const setting: Setting = { db, yaml, receivers: { CRM: crm } };
  await startDaemon(setting);
  const hook = (url: string): string => (url.startsWith('/contacts/') ? 'templated' : url.startsWith('/orgs/') ? 'enriched' : (/^\/(\w+)/.exec(url)?.[1] ?? ''));
  for (const [index, { operation, sql, args }] of CHANGES.entries()) {
    await db.sql(sql);
    await crm.deliveries(Object.keys(HOOKS).length * (index + 1));
    const sent = new Map(crm.requests.slice(-Object.keys(HOOKS).length).map((request) => [hook(request.url), request]));
    const rendered = new Map<string, RenderReport>();
    for (const name of Object.keys(HOOKS)) rendered.set(name, await report(setting, name, ...KEY, '--operation', operation, ...args));
    for (const name of Object.keys(HOOKS)) {
      const request = sent.get(name);
      const [made] = rendered.get(name)?.requests ?? [];
      const { method, url, headers = [], body } = made?.request ?? {};
      expect({ name, operation, method, url, headers: lastingHeaders(headers), body: lasting(body ?? '') }).toEqual({
        name,
        operation,
        method: request?.method,
        url: `${crm.url}${request?.url}`,
        headers: lastingHeaders(Object.entries(request?.headers ?? {}).map(([key, value]) => [key, String(value)] as const)),
        body: lasting(request?.body.toString() ?? ''),
      });
      expect(headers.map(([key]) => key)).toEqual(expect.arrayContaining(['webhook-id', 'webhook-timestamp', 'webhook-signature']));
    }
    expect(rendered.get('event')).toMatchObject({ hook: 'event', table: 'public.contacts', key: { region: 'eu', id: '42' }, wanted: true, when: null, notes: [] });
  }
});

/** One hook `crm` of contacts, which has a row. No daemon runs. */
async function one(hook: string, { crm = '', before = '' } = {}): Promise<Setting & { readonly receiver: Receiver }> {
  const db = await testDatabase(`${TABLES}${ROW};${before}`);
  const receiver = await testReceiver();
  const yaml = `${HEAD}${TABLE}endpoints: { crm: { url: "\${CRM}/hooks", network: { allow: [127.0.0.0/8] }, signing: { secrets: ["\${SECRET}"] }${crm} } }\nhooks: [{ name: contacts, table: contacts, to: crm${hook} }]\n`;
  return { db, yaml, receivers: { CRM: receiver }, receiver };
}

test('a request for people, its secrets masked, nothing hidden in it, and its id marked as an example', async () => {
  const setting = await one('', { crm: ', headers: { X-Plain: pl4in-value, Authorization: Bearer t0ken }' });
  const { code, stdout, stderr } = await walhook(['render', 'contacts'], { yaml: setting.yaml, env: daemonEnvironment(setting) });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^contacts: insert of public\.contacts region=eu id=42\n/);
  expect(stdout).toContain(`POST ${setting.receiver.url}/hooks\n`);
  expect(stdout).toMatch(/\n {2}webhook-id: example-[0-9a-f-]{36} {3}\(an example\)\n/);
  expect(stdout).toMatch(/\n {2}webhook-signature: v1,\S+\n/);
  expect(stdout).toContain('  authorization: Bearer ***\n');
  expect(stdout).toContain('"phone": "<<REDACTED>>"');
  expect(stdout).toContain('"credit": 12345678901234567890.10');
  expect(stdout).toMatch(/\n\d+ bytes of body; --json and --curl show them as they are\n$/);
  expect(stdout).not.toMatch(/pl4in|t0ken|\+31 6 1234/);
  expect(setting.receiver.requests).toEqual([]);
});

describe('operations', () => {
  test('a delete has what the WAL has of a deleted row', async () => {
    const setting = await one('');
    const full = await report(setting, 'contacts', '--operation', 'delete');
    expect(full.operation).toBe('delete');
    expect(full.requests[0]?.request?.body).toBe('{"data":{"region":"eu","id":42},"meta":{"operation":"delete","lookup_values":[{"field":"email","value":"zoe@example.com"}]}}');
    await setting.db.sql('alter table contacts replica identity default');
    const key = await report(setting, 'contacts', '--operation', 'delete');
    expect(key.requests[0]?.request?.body).toBe('{"data":{"region":"eu","id":42},"meta":{"operation":"delete","lookup_values":[]}}');
    expect(key.notes).toEqual([expect.stringContaining('the WAL has region, id alone')]);
    await setting.db.sql('alter table contacts replica identity nothing');
    expect(await render(setting, 'contacts', '--operation', 'delete')).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has no replica identity') });
  });

  test('an update may say what the row was', async () => {
    const setting = await one('');
    const file = join(tmpdir(), `walhook-render-${process.pid}.json`);
    writeFileSync(file, '{"email":"old@example.com","credit":1}\n');
    const known = await report(setting, 'contacts', '--old', `@${file}`);
    expect(known).toMatchObject({ operation: 'data_update', notes: [] });
    expect(known.requests[0]?.request?.body).toContain('{"field":"email","value":"zoe@example.com","previous_value":"old@example.com"}');
    const both = await report(setting, 'contacts', '--old', '{"email":"old@example.com","phone_visible":true}');
    expect(both).toMatchObject({ operation: 'data_update', notes: [expect.stringContaining('another event, after this one: --operation visibility_update shows it')] });
    const unknown = await report(setting, 'contacts', '--operation', 'update');
    expect(unknown.requests[0]?.request?.body).toContain('"lookup_values":[{"field":"email","value":"zoe@example.com"}]');
    expect(unknown.notes).toEqual([expect.stringContaining('no old row is given')]);
    const results = [await render(setting, 'contacts', '--old', '{"phone":"+31 6 9999"}'), await render(setting, 'contacts', '--old', '{"name":"Z"}', '--operation', 'visibility_update')];
    expect(results).toMatchObject([
      { code: 1, stdout: '', stderr: expect.stringContaining('nothing changes that a receiver may see: nothing is sent') },
      { code: 1, stdout: '', stderr: expect.stringContaining('--operation update\n') },
    ]);
  });
});

test('what the hook’s conditions say is told, and it is rendered all the same', async () => {
  const setting = await one(', events: [update], when: "row.name == \'Bob\' || row.phone != null || row.email == \'x\'", changed: [email]');
  const other = await report(setting, 'contacts', '--operation', 'insert');
  expect(other).toMatchObject({ wanted: false, when: false, notes: ['the hook takes no insert (`events`); rendered all the same', 'this row does not match `when`; rendered all the same'] });
  expect(other.requests[0]?.request?.body).toContain('"operation":"data_insert"');
  const unchanged = await report(setting, 'contacts', '--old', '{"name":"Bob"}');
  expect(unchanged.notes).toContain('none of the columns of `changed` changed; rendered all the same');
  const { stdout } = await render(setting, 'contacts');
  expect(stdout).toContain('\nthis row does not match `when`; rendered all the same\n');

  const entering = { ...setting, yaml: setting.yaml.replace(/, events:.*, changed: \[email\]/, ", entering: true, when: \"row.email.endsWith('.com')\"") };
  expect(await report(entering, 'contacts', '--old', '{"email":"a@example.com"}')).toMatchObject({ wanted: false, when: true, notes: ['the row matched `when` before (`entering`); rendered all the same'] });
  expect(await report(entering, 'contacts', '--old', '{"email":"a@example.org"}')).toMatchObject({ wanted: true, when: true, notes: [] });
  expect((await render(entering, 'contacts')).stdout).toContain('\nthis row matches `when`\n');
});

test('rows are found by key, whose columns are named where there are several; what cannot be found is told', async () => {
  const setting = await one('', { before: "insert into contacts (region, id, name) values ('eu', 7, 'Seven'), ('a=b', 1, 'One'), ('us', 42, null);" });
  expect((await report(setting, 'contacts')).key).toEqual({ region: 'a=b', id: '1' });
  expect((await report(setting, 'contacts', '--key', 'id=1', '--key', 'region=a=b')).key).toEqual({ region: 'a=b', id: '1' });
  const refused = [
    [['--key', 'region=eu', '--key', 'id=99'], 1, 'table contacts has no row with that key'],
    [['--key', '42'], 2, 'the key of contacts is region, id: each needs its name'],
    [['--key', 'id=42'], 2, 'the key of contacts is region, id: --key region=… is missing'],
    [['--key', 'regio=eu'], 2, 'has no regio (did you mean "region"?)'],
    [['--key', 'region=eu', '--key', 'id=s3cret'], 2, 'that cannot be a value of region, id of contacts (SQLSTATE 22P02)'],
    [['--old', '{"emial":"x"}'], 2, 'no column "emial" (did you mean "email"?)'],
    [['--old', '{"id":"s3cret"}'], 2, 'a column of contacts cannot hold its value (SQLSTATE 22P02)'],
    [['--old', '[s3cret'], 2, 'this is not a JSON object'],
    [['--old', '{}', '--operation', 'delete'], 2, '--operation says delete'],
    [['--old', '@/nowhere.json'], 2, 'the file cannot be read (ENOENT)'],
    [['--curl', '--send'], 2, '--curl goes neither with --json nor with --send'],
    [['--endpoint', 'crn'], 2, 'hook contacts does not go to crn, but to crm (did you mean "crm"?)'],
  ] as const;
  for (const [args, code, message] of refused) {
    const result = await render(setting, 'contacts', ...args);
    expect(result, args.join(' ')).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(message) });
    expect(result.stderr).not.toContain('s3cret');
  }
  expect(await render(setting, 'contcts')).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "contacts"?') });
  await setting.db.sql('truncate contacts');
  expect(await render(setting, 'contacts')).toMatchObject({ code: 1, stderr: expect.stringContaining('table contacts has no rows') });
  await setting.db.sql('drop table contacts');
  expect(await render(setting, 'contacts')).toMatchObject({ code: 3, stderr: expect.stringContaining('there is no table contacts') });
  expect(await render({ ...setting, yaml: setting.yaml.replace('to: crm', 'to: crn') }, 'contacts')).toMatchObject({ code: 78 });
  expect(await command(['render', 'contacts'], { yaml: setting.yaml, env: { ...daemonEnvironment(setting), DATABASE_URL: 'postgres://127.0.0.1:1/x' } })).toMatchObject({ code: 69 });
});

describe('an expression that fails exits with 1, and says which and why, without the value', () => {
  test.for([
    [', body: { a: "${{ int(row.name) }}" }', 'body.a'],
    [', path: "/${{ row.tags[5] }}"', 'path'],
    [', headers: { X-A: "${{ int(row.name) }}" }', 'headers.X-A'],
    [', when: "int(row.name) > 1"', '`when` failed'],
    [', enrich: { org: "select name from organizations where id = ${{ int(row.name) }}" }', 'enrich.org'],
    [', enrich: { org: "select name from nowhere where id = ${{ row.id }}" }', 'enrich.org'],
  ])('%s', async ([hook = '', option = '']) => {
    const { code, stdout, stderr } = await render(await one(hook), 'contacts');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(`hook contacts: `);
    expect(stderr).toContain(option);
    expect(stderr).not.toContain('Zoë');
  });
});

test('--send sends it once to each endpoint, and shows the answers', async () => {
  const setting = await one(', enrich: { org: "select name from organizations where id = ${{ row.organization_id }}" }, body: { org: "${{ org.name }}" }');
  setting.receiver.answer = () => ({ status: 200, body: '{"ok":true}' });
  const { code, stdout } = await render(setting, 'contacts', ...KEY, '--send');
  expect(code).toBe(0);
  expect(setting.receiver.requests.map(({ method, url, body }) => [method, url, body.toString()])).toEqual([['POST', '/hooks', '{"org":"TechWrite"}']]);
  expect(setting.receiver.requests[0]?.id).toMatch(/^example-/);
  expect(stdout).toContain('\n200 OK\n');
  expect(stdout).toMatch(/\ndelivered in \d+ ms\n$/);
  setting.receiver.answer = () => 500;
  const failed = await render(setting, 'contacts', '--send', '--json');
  expect(failed.code).toBe(1);
  expect((JSON.parse(failed.stdout) as RenderReport).requests).toMatchObject([{ endpoint: 'crm', verdict: 'retry', response: { status: 500 }, request: { body: '{"org":"TechWrite"}' } }]);
  expect(setting.receiver.requests).toHaveLength(2);
});

test('each endpoint has its request; the place of an OAuth token is shown, and none is asked for', async () => {
  const setting = await one('');
  const yaml = setting.yaml
    .replace('endpoints: {', 'endpoints: { get: { url: "${CRM}/get?a=1", method: GET, network: { allow: [127.0.0.0/8] }, oauth2: { token_url: "${CRM}/token", client_id: me, client_secret: s3cret-s3cret } },')
    .replace('to: crm', 'to: [crm, get], body: { id: "${{ row.id }}" }');
  const both = await report({ ...setting, yaml }, 'contacts');
  expect(both.requests.map(({ endpoint: name, request }) => [name, request?.method, request?.url.replace(setting.receiver.url, ''), request?.body])).toEqual([
    ['crm', 'POST', '/hooks', '{"id":42}'],
    ['get', 'GET', '/get?a=1&id=42', null],
  ]);
  expect(both.requests.map(({ request }) => request?.headers.find(([name]) => name === 'authorization') ?? null)).toEqual([null, ['authorization', 'Bearer ***']]);
  const { stdout } = await render({ ...setting, yaml }, 'contacts', '--endpoint', 'get', '--curl');
  expect(stdout).toContain("curl -X GET \\\n");
  expect(stdout).toContain("-H 'authorization: Bearer ***'");
  expect(stdout).not.toMatch(/POST|s3cret/);
  expect(setting.receiver.requests).toEqual([]);
});

test('--curl prints a command that makes the same request', async () => {
  const name = `it's \u009b2J [x] \u202e "q" \\n`;
  const setting = await one(', path: "/c/${{ row.id }}?list[]=1", headers: { X-City: "Zürich, it\'s" }, body: { name: "${{ row.name }}" }', { before: '' });
  await setting.db.sql('update contacts set name = $1', [name]);
  const { code, stdout } = await render(setting, 'contacts', '--curl');
  expect(code).toBe(0);
  expect(stdout).not.toMatch(/[\u009b\u202e]/);
  expect(stdout).toMatch(/^# contacts: insert of public\.contacts region=eu id=42; webhook-id is an example\n/);
  await promisify(execFile)('bash', ['-c', stdout]);
  await render(setting, 'contacts', '--send');
  const [first, second] = setting.receiver.requests.map(({ method, url, headers, body }) => [method, url, headers['x-city'], headers['content-type'], body.toString()]);
  expect(first).toEqual(['POST', '/c/42?list[]=1', "Zürich, it's", 'application/json', JSON.stringify({ name })]);
  expect(second).toEqual(first);
});

test('nothing is written in the database', async () => {
  const setting = await one(', enrich: { org: { sql: "select nextval(\'s\') as n where ${{ row.id }} > 0", timeout: 5s } }', { before: 'create sequence s;' });
  expect(await render(setting, 'contacts')).toMatchObject({ code: 1, stderr: expect.stringContaining('read-only transaction') });
  expect(await setting.db.sql("select slot_name from pg_replication_slots where database = current_database()")).toEqual([]);
  expect(await setting.db.sql("select nspname from pg_namespace where nspname = 'walhook'")).toEqual([]);
});
