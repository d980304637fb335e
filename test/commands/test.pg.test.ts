import { describe, expect, test, vi } from 'vitest';
import { configTest } from '../../console/text/config-test.ts';
import type { TestReport } from '../../src/commands/test-text.ts';
import type { Delivery } from '../../src/delivery.ts';
import type { CliResult } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { daemonEnvironment, endpoint, HEAD, startDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

vi.setConfig({ testTimeout: 60_000 });

const TABLES = `
  create domain country as text check (length(value) = 2);
  create table contacts (
    region text, id bigint, name text, email text, phone text, phone_visible boolean, tags text[], credit numeric, at timestamptz, doc jsonb, country country, organization_id int,
    primary key (region, id)
  );
  alter table contacts replica identity full;
`;
const TABLE = 'tables: { contacts: { lookup: [email, phone], visibility: { phone: phone_visible } } }\n';
const ENDPOINTS = 'endpoints: { crm: { url: "https://crm.example.com/hooks", headers: { X-Api-Key: s3cret }, signing: { secrets: ["${SECRET}"] } }, erp: { url: "https://erp.example.com/in", batch: {} } }\n';
const HOOKS = `hooks:
  - { name: plain, table: contacts, to: crm }
  - { name: dutch, table: contacts, to: crm, events: [update], changed: [email, phone], when: "row.country == 'NL' && row.phone == null" }
  - { name: rest, table: contacts, to: crm, method: PUT, path: "/contacts/\${{ row.id }}", headers: { X-Table: "\${{ event.table }}" }, enrich: { org: "select name from nowhere where id = \${{ row.organization_id }}", parts: { sql: select 1 as n, many: true } }, body: { name: "\${{ row.name }}", org: "\${{ org.name }}", parts: "\${{ parts }}" } }
  - { name: both, table: contacts, to: [crm, erp], fields: { only: [id, name, phone], rename: { name: called }, set: { source: shop } } }
  - { name: form, table: contacts, to: crm, encoding: form, body: { id: "\${{ row.id }}" } }
`;

function run(db: TestDatabase, tests: string, ...args: readonly string[]): Promise<CliResult> {
  return command(['test', ...args], { yaml: `${HEAD}${TABLE}${ENDPOINTS}${HOOKS}tests:\n${tests}`, env: daemonEnvironment({ db, receivers: {} }) });
}

async function outcomes(db: TestDatabase, tests: string, ...args: readonly string[]): Promise<TestReport> {
  const { stdout, stderr } = await run(db, tests, '--json', ...args);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as TestReport;
}

describe('what hooks make of rows', () => {
  test('passes where it is as expected: every operation, hidden fields, lookups, names, nothing sent', async () => {
    const db = await testDatabase(TABLES);
    const report = await outcomes(
      db,
      `
  - hook: plain
    row: { region: eu, id: 1234567890123456789, credit: 1.50, tags: [vip, "a & b"], at: "2026-01-02T23:04:05Z", doc: { a: [1, null] }, phone: "<<REDACTED>>", email: a@b }
    expect: { data: { phone: "<<REDACTED>>", credit: 1.5, tags: [vip, "a & b"], at: "2026-01-02T23:04:05+00:00", doc: { a: [1, null] }, name: null }, redacted: [phone], meta: { operation: data_insert, lookup_values: [{ field: email, value: a@b }] } }
  - { hook: plain, row: { id: 1, phone: "1", phone_visible: false }, expect: { redacted: [phone] } }
  - { hook: plain, row: { id: 1, phone: "1" }, old: { phone: "<<REDACTED>>" }, expect: { meta: { operation: visibility_update }, redacted: [] } }
  - { hook: plain, row: { id: 1, email: new }, old: { email: was }, expect: { meta: { lookup_values: [{ field: email, value: new, previous_value: was }] } } }
  - { hook: plain, row: { id: 1, region: eu, email: a }, operation: delete, expect: { data: { id: 1, region: eu }, meta: { operation: delete } } }
  - { hook: plain, row: { id: 1 }, old: {}, expect: null }
  - { hook: dutch, row: { id: 1, country: NL, phone: "<<REDACTED>>", email: a }, old: { email: b }, expect: {} }
  - { hook: dutch, row: { id: 1, country: NL, email: a }, old: { name: b }, expect: null }
  - { hook: dutch, row: { id: 1, country: DE, email: a }, old: { email: b }, expect: false }
  - { hook: dutch, row: { id: 1, country: NL }, operation: insert, expect: null }
  - { hook: rest, row: { id: 7, name: Bo, organization_id: 3 }, enrich: { org: { name: TechWrite } }, expect: { method: PUT, path: /contacts/7, url: "https://crm.example.com/contacts/7", headers: { x-table: contacts, X-API-Key: "***", X-None: null }, body: { name: Bo, org: TechWrite, parts: [] } } }
  - { hook: both, row: { id: 1, called: Bo, source: shop }, expect: { data: { called: Bo, source: shop } } }
  - { hook: form, row: { id: 1 }, expect: { body: "id=1" } }
`,
    );
    expect(report.tests.filter(({ passed }) => !passed)).toEqual([]);
    expect(report).toMatchObject({ passed: 13, failed: 0 });
    expect(report.tests.map(({ operation }) => operation)).toEqual(['data_insert', 'data_insert', 'visibility_update', 'data_update', 'delete', null, 'data_update', 'data_update', 'data_update', 'data_insert', 'data_insert', 'data_insert', 'data_insert']);
  });

  test('fails where it is not, with its line and what is different, and the others go on', async () => {
    const db = await testDatabase(TABLES);
    const tests = `  - { hook: plain, row: { id: 1 }, expect: { data: { id: 2, nam: Bo }, meta: { operation: data_update } } }
  - { hook: plain, name: nothing is sent, row: { id: 1 }, expect: null }
  - { hook: dutch, row: { id: 1, country: DE, email: a }, old: { email: b }, expect: {} }
  - { hook: plain, row: { id: 1 }, old: {}, expect: {} }
  - { hook: plain, row: { emial: a }, expect: {} }
  - { hook: plain, row: { id: one }, expect: {} }
  - { hook: plain, row: { id: 1, country: NLD }, expect: {} }
  - { hook: plain, row: { id: 1 }, old: { nam: a }, expect: {} }
  - { hook: both, row: { id: 1 }, expect: { path: /hooks } }
  - { hook: rest, row: { id: 1 }, enrich: { org: { name: [1] } }, expect: { headers: { X-Table: x } } }
  - { hook: plain, row: { id: 1 }, expect: {} }
`;
    const { tests: found, passed, failed } = await outcomes(db, tests);
    expect({ passed, failed }).toEqual({ passed: 1, failed: 10 });
    expect(found.map(({ line }) => line)).toEqual(found.map((_, index) => (found[0]?.line ?? 0) + index));
    expect(found.map(({ message, differences }) => message ?? differences)).toEqual([
      [
        { path: 'body.data.id', expected: '2', found: '1' },
        { path: 'body.data.nam', expected: '"Bo"', found: null },
        { path: 'body.meta.operation', expected: '"data_update"', found: '"data_insert"' },
      ],
      'expected that nothing is sent, and this is: data_insert',
      'nothing is sent: this row does not match `when`',
      'nothing is sent: nothing changes that a receiver may see',
      'row: table contacts has no column "emial" (did you mean "email"?)',
      'row: a column of contacts cannot hold its value (SQLSTATE 22P02)',
      'row: a column of contacts cannot hold its value (SQLSTATE 23514)',
      'old: table contacts has no column "nam" (did you mean "name"?)',
      [{ path: 'erp: path', expected: '/hooks', found: '/in' }],
      [{ path: 'headers.x-table', expected: 'x', found: 'contacts' }],
      [],
    ]);
    const text = await run(db, tests, 'plain');
    expect(text).toMatchObject({ code: 1, stderr: '' });
    expect(text.stdout).toMatch(new RegExp(String.raw`^✗ plain: insert {2}\S+walhook\.yaml:${found[0]?.line}\n {4}body\.data\.id\n {6}expected {2}2\n {6}found {5}1\n {4}body\.data\.nam\n {6}expected {2}"Bo"\n {6}found {5}nothing\n`));
    expect(text.stdout).toContain('✗ plain: nothing is sent  ');
    expect(text.stdout).toMatch(/\n\n7 failed, 1 passed\n$/);
    expect(await run(db, '  - { hook: plain, row: { id: 1 }, expect: {} }\n')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✓ plain: insert {2}\S+walhook\.yaml:\d+\n\n1 passed\n$/) });
  });

  test('no tests are none that fail; what is not there is told', async () => {
    const db = await testDatabase(TABLES);
    expect(await run(db, '  - { hook: plain, row: { id: 1 }, expect: {} }\n', 'dutch')).toMatchObject({ code: 0, stdout: expect.stringContaining('there are no tests') });
    expect(await run(db, '  []\n', 'plian')).toMatchObject({ code: 2, stderr: expect.stringContaining('did you mean "plain"?') });
    await db.sql('drop table contacts');
    expect(await run(db, '  - { hook: plain, row: { id: 1 }, expect: {} }\n')).toMatchObject({ code: 3, stderr: expect.stringContaining('there is no table contacts') });
  });
});

test('what the console copies of a delivery loads and passes as it stands', async () => {
  const db = await testDatabase(TABLES);
  const receiver = await testReceiver();
  const formats = ['event', 'standard', 'cloudevents', 'cloudevents-binary'];
  const options = ['meta: [table, lsn, changed, id, committed_at], fields: { rename: { name: called }, set: { source: "$5" } }', ...formats.slice(1).map((format) => `format: ${format}`), 'events: [insert, update, delete], changed: [email], when: "row.region == \'eu\'", fields: { omit: [doc] }'];
  const yaml = `${HEAD}${TABLE}endpoints: { crm: ${endpoint()} }\nhooks:\n${options.map((option, index) => `  - { name: h${index}, table: contacts, to: crm, ${option.replace('$5', '$$$$5')} }`).join('\n')}\n`;
  const setting = { db, yaml, receivers: { RECEIVER: receiver } };
  const delivered: Pick<Delivery, 'request' | 'operation' | 'body'>[] = [];
  await startDaemon({ ...setting, onOutcome: (delivery) => void delivered.push(delivery) });
  await db.sql(`insert into contacts values ('eu', 42, E'Zoë "Z" \${HOME} $$ \\n: #', 'zoe@example.com', '+31 6 1234', false, '{vip,"a & b"}', 12345678901234567890.10, '2026-01-02 23:04:05.678901+00', '{"a":[1,{"$b":"\${{ x }}"}]}', 'NL', 7)`);
  await db.sql(`update contacts set email = 'zoe@example.org'`);
  await db.sql('update contacts set phone_visible = true');
  await db.sql('delete from contacts');
  await vi.waitUntil(() => delivered.length === 19, { timeout: 20_000 });
  const tests = delivered.map(({ request: { hook }, operation, body }) => configTest({ hook, operation, body }).replace('tests:\n', ''));
  const { code, stdout } = await command(['test', '--json'], { yaml: `${yaml}tests:\n${tests.join('')}`, env: daemonEnvironment(setting) });
  const report = JSON.parse(stdout) as TestReport;
  expect(report.tests.filter(({ passed }) => !passed)).toEqual([]);
  expect({ code, passed: report.passed }).toEqual({ code: 0, passed: 19 });
  expect(new Set(report.tests.map(({ hook, operation }) => `${hook} ${operation}`)).size).toBe(19);
});
