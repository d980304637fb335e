import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DraftError } from '../../src/draft-error.ts';
import { endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { heldUpdate } from './held.ts';
import { inspected } from './inspected.ts';

const PATIENCE = { timeout: 20_000 };

const HIDDEN = 'hidden-phone-0612345678';

/** Secrets in every place that a configuration has for them, each to be known by its name. */
const ENV = { URL_TOKEN: 'secret-in-url-query', HEADER: 'secret-in-header', HOOK_TOKEN: 'secret-in-hook-header', BODY_SECRET: 'secret-in-body', ADMIN: 'secret-admin-token', OAUTH: 'secret-oauth-client', PATH_TOKEN: 'secret-in-path', WHEN_SECRET: 'secret-in-when' };
const PLAIN = ['secret-plain-header', 'secret-plain-hook', 'secret-plain-password', 'secret-plain-body', 'secret-from-file'];

test('no answer of any method has a secret or a hidden value in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'walhook-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'secret-from-file\n');
  const db = await testDatabase(`create table people (id int primary key, name text, phone text, phone_visible boolean not null default false); alter table people replica identity full;
    insert into people values (1, 'Ann', '${HIDDEN}', false)`);
  // A server that tells all it got, and refuses it.
  const receiver = await testReceiver({ answer: ({ headers, url, body }) => ({ status: 500, body: JSON.stringify({ headers, url, body: body.toString() }), headers: { 'x-echo': String(headers['x-plain']) } }) });
  const yaml = `${HEAD}server: { listen: 127.0.0.1:0, token: "\${ADMIN}" }
tables:
  people: { visibility: { phone: phone_visible }, lookup: [name] }
endpoints:
  crm: ${endpoint({ retry: '{ initial: 1h, factor: 1, jitter: 0, attempts: 5 }', breaker: '{ failures: 1, open: 1h }' }).replace('/hooks"', '/hooks?token=${URL_TOKEN}"').replace('signing:', 'headers: { X-Api-Key: "${HEADER}", X-Plain: secret-plain-header }, signing:')}
  other:
    url: "https://me:secret-plain-password@other.example/"
  third:
    url: "https://third.example/"
    oauth2: { token_url: "https://other.example/token", client_id: walhook, client_secret: "\${OAUTH}" }
hooks:
  - name: one
    table: people
    to: crm
    when: row.name != '\${WHEN_SECRET}'
    path: /people?token=\${PATH_TOKEN}
    headers: { X-Hook-Token: "\${HOOK_TOKEN}", X-Hook-Key: secret-plain-hook }
    body: { name: "\${{ row.name }}", phone: "\${{ row.phone }}", a: "\${BODY_SECRET}", api_key: secret-plain-body, b: "\${file:${file}}" }
  - { name: two, table: people, to: crm }
`;
  const old = { id: '1', name: 'Bob', phone: HIDDEN, phone_visible: 'f' };
  const held = await heldUpdate(db, 'people', { old, row: { ...old, name: 'Ann' }, deliveries: [{ id: 'the-id', hook: 'one', endpoint: 'crm' }] });
  const found = await inspected({ db, yaml, receivers: { RECEIVER: receiver }, env: ENV, changes: [held] });
  const { inspector, daemon } = found;
  await db.sql(`update people set name = 'Eve'`);
  await expect.poll(async () => (await inspector.endpoint('crm')).parked, PATIENCE).toBe(2);
  const { secret } = await inspector.rotate('crm', 3_600_000);

  const draft = 'name: one\ntable: people\nto: crm\nheaders: { X-Hook-Token: "${HOOK_TOKEN}", X-Other: "${BODY_SECRET}" }\nwhen: row.phone ==\n';
  const kept = (await inspector.hook('one')).yaml;
  const error = (thrown: unknown): unknown => (thrown instanceof DraftError ? { message: thrown.message, problems: thrown.problems } : thrown);
  const answers = {
    overview: await inspector.overview(),
    endpoints: await inspector.endpoints(),
    hooks: await inspector.hooks(),
    test: await inspector.test('crm', { data: null, hook: 'one' }),
    render: await inspector.render('one', { key: { id: '1' } }),
    change: await inspector.render('one', { change: held.report.place }),
    // The hook as it is shown is a draft that says the same.
    kept: await inspector.render('one', { draft: kept }),
    plain: await inspector.render('two', {}),
    draft: await inspector.render('one', { draft }).catch(error),
    tried: await inspector.tryOut('one', { url: receiver.url }),
    trace: await inspector.trace('the-id'),
    database: await inspector.database(),
    config: await inspector.config(),
  };
  writeFileSync(found.path, `${yaml}  - { name: three, headers: { X: secret-on-disk-only }, nonsense: 1 }\n`);
  const all = { ...answers, changed: await inspector.config() };
  for (const [name, answer] of Object.entries(all)) {
    const text = JSON.stringify(answer);
    for (const one of [...Object.values(ENV), ...PLAIN, HIDDEN, 'secret-on-disk-only', secret, secret.slice(6), Buffer.alloc(32, 7).toString('base64')]) expect(text, `${name} has ${one}`).not.toContain(one);
  }
  expect(daemon.log.join('\n')).not.toContain(secret.slice(6));
  expect(all.kept.requests[0]?.request.body).toBe(all.render.requests[0]?.request.body);
  expect(all.render.requests[0]?.request.body).toBe('{"name":"Eve","phone":"<<REDACTED>>","a":"***","api_key":"***","b":"***"}');
  // What was really sent to the URL of one's own had none of them either.
  const tried = receiver.refused.length;
  expect(tried).toBeGreaterThan(0);
});
