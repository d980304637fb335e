import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DraftError } from '../../src/draft-error.ts';
import { endpoint, HEAD, testDatabase, testReceiver } from '../support/daemon.ts';
import { heldUpdate } from './held.ts';
import { inspected } from './inspected.ts';

const PATIENCE = { timeout: 20_000 };

const TABLE = `create table people (id int primary key, name text, phone text, phone_visible boolean not null default true, country text);
  alter table people replica identity full`;
const YAML = `${HEAD}tables:
  people: { visibility: { phone: phone_visible }, lookup: [name] }
endpoints:
  crm: ${endpoint()}
hooks:
  - name: dutch
    table: people
    to: crm
    when: row.country == 'NL'   # only these
    body: { id: "\${{ row.id }}", phone: "\${{ row.phone }}" }
  - { name: all, table: people, to: crm, changed: [name] }
`;

test('hooks, endpoints, database and configuration as they are', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const { inspector } = await inspected({ db, yaml: YAML, receivers: { RECEIVER: receiver } });
  await db.sql(`insert into people (id, name, country) values (1, 'Ann', 'NL')`);
  await receiver.received(2);
  await expect.poll(async () => (await inspector.endpoint('crm')).delivered, PATIENCE).toBe(2);
  expect(await inspector.overview()).toMatchObject({ health: { level: 'ok', sentence: expect.stringMatching(/^All well: 1 endpoint, 0 events a minute, \d+ ms behind\.$/) }, alerts: [] });
  const [dutch, all] = await inspector.hooks();
  expect(dutch).toMatchObject({ name: 'dutch', table: 'public.people', to: ['crm'], when: `row.country == 'NL'`, format: 'body', encoding: 'json', key: ['id'] });
  expect(dutch?.yaml.split('\n')).toEqual(['name: dutch', 'table: people', 'to: crm', `when: row.country == 'NL'   # only these`, 'body: { id: "${{ row.id }}", phone: "${{ row.phone }}" }']);
  expect(all).toMatchObject({ name: 'all', changed: ['name'], format: 'event', when: null, yaml: '{ name: all, table: people, to: crm, changed: [name] }' });
  await expect(inspector.hook('al')).rejects.toMatchObject({ code: 'unknown_hook', message: expect.stringContaining('did you mean "all"?') });
  expect(await inspector.endpoint('crm')).toMatchObject({ condition: 'active', breaker: 'closed', in_use: 0, concurrency: 16, parked: 0, dead: 0, signing: 'hmac', rotation: null, hooks: ['dutch', 'all'], last_error: null });
  await expect(inspector.endpoint('x')).rejects.toMatchObject({ code: 'unknown_endpoint' });

  await db.sql('analyze people');
  const database = await inspector.database();
  expect(database).toMatchObject({
    server: { database: db.name, wal_level: 'logical', in_recovery: false },
    publication: { name: 'walhook', exists: true, tables: ['public.people'] },
    slot: { name: db.name, state: 'streaming' },
    tables: [{ name: 'public.people', exists: true, key: ['id'], replica_identity: 'full', published: true, rows_estimated: 1, hooks: ['dutch', 'all'] }],
  });
  expect(database.tables[0]?.bytes).toBeGreaterThan(0);
  expect(database.findings.map(({ severity }) => severity)).not.toContain('error');
  // It is the daemon itself that reads the slot.
  expect(database.findings.map(({ code }) => code)).not.toContain('slot_in_use');
});

test('the configuration: what runs, what is on disk, and what is wrong with that', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const found = await inspected({ db, yaml: YAML, receivers: { RECEIVER: receiver } });
  expect(await found.inspector.config()).toMatchObject({ path: found.path, failed: null, disk: { differs: false, problems: [] } });
  writeFileSync(found.path, `${YAML}limit: { memory: 1MiB }\n`);
  expect((await found.inspector.config()).disk).toMatchObject({ differs: true, problems: [{ line: 14, column: 1, path: 'limit', message: 'unknown key (did you mean "limits"?)' }] });
  writeFileSync(found.path, 'endpoints:\n  crm: { headers: { X-Thing: hush-hush-hush\n');
  const { disk } = await found.inspector.config();
  expect(disk?.problems).not.toEqual([]);
  expect(disk?.text).not.toContain('hush');
});

test('an endpoint that fails, and a probe that closes its breaker at once', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver({ answer: () => 503 });
  const yaml = YAML.replace(/retry: \{[^}]*\}/, 'retry: { initial: 1h, factor: 1, jitter: 0, attempts: 5 }').replace(/breaker: \{[^}]*\}/, 'breaker: { failures: 1, open: 1h }');
  const { inspector } = await inspected({ db, yaml, receivers: { RECEIVER: receiver } });
  await db.sql(`insert into people (id, name) values (1, 'Ann')`);
  await expect.poll(async () => (await inspector.endpoint('crm')).parked, PATIENCE).toBe(1);
  expect(await inspector.endpoint('crm')).toMatchObject({ breaker: 'open', last_error: { failure: 'status', hint: expect.stringContaining('its own log'), at: expect.stringContaining('T') } });
  const { health, alerts } = await inspector.overview();
  expect(health).toMatchObject({ level: 'failing', sentence: expect.stringMatching(/^crm has refused 1 delivery since \d\d:\d\d: it answers 503\. It is parked; nothing is lost\. The WAL is not held back\.$/) });
  expect(alerts).toHaveLength(1);
  receiver.answer = () => 204;
  // Its lane waits for an hour, and so does the breaker.
  await inspector.probe('crm');
  await expect.poll(async () => inspector.endpoint('crm'), PATIENCE).toMatchObject({ breaker: 'closed', parked: 0, delivered: 1 });
  await inspector.probe('crm');
  expect(receiver.requests).toHaveLength(2);
  await expect(inspector.probe('cmr')).rejects.toMatchObject({ code: 'unknown_endpoint' });
});

test('a test payload is signed and shown', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const { inspector } = await inspected({ db, yaml: YAML, receivers: { RECEIVER: receiver } });
  expect(await inspector.test('crm', { data: { hello: 1 }, hook: 'all' })).toMatchObject({ endpoint: 'crm', verdict: 'delivered', request: { body: '{"hello":1}' }, response: { status: 204 } });
  expect(receiver.bodies()).toEqual([{ hello: 1 }]);
  await expect(inspector.test('crm', { data: null, hook: 'none' })).rejects.toMatchObject({ code: 'unknown_hook' });
});

test('a secret is rotated: both sign, a restart keeps it, and the file alone rules once it has it', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const found = await inspected({ db, yaml: YAML, receivers: { RECEIVER: receiver } });
  const { inspector, daemon } = found;
  const { secret, ...rotation } = await inspector.rotate('crm', 3_600_000);
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(rotation).toMatchObject({ public_key: null, configured: false, yaml: expect.stringContaining('signing: { secrets: ["${CRM_WEBHOOK_SECRET}", …] }') });
  await expect(inspector.rotate('crm', 1_000)).rejects.toMatchObject({ code: 'rotating' });
  const signatures = async (id: number): Promise<number> => {
    await db.sql('insert into people (id) values ($1)', [id]);
    await receiver.until(() => receiver.requests.some(({ body }) => JSON.parse(body.toString()).data?.id === id), `row ${id}`);
    return String(receiver.requests.at(-1)?.headers['webhook-signature']).split(' ').length;
  };
  expect(await signatures(1)).toBe(2);
  await daemon.restart();
  expect(await signatures(2)).toBe(2);
  expect((await inspector.test('crm', { data: null, hook: null })).verdict).toBe('delivered');
  expect((await inspector.overview()).alerts).toMatchObject([{ level: 'waiting', message: expect.stringMatching(/^The new signing secret of crm is not in the configuration yet\. In 60 min it alone signs\.$/), link: '/endpoints/crm' }]);
  // Neither the answers nor the log nor the state schema have it.
  const all = JSON.stringify([await inspector.endpoints(), await inspector.overview(), await inspector.config(), daemon.log, await db.sql('select * from walhook.rotation')]);
  expect(all).not.toContain(secret.slice('whsec_'.length));

  await found.apply(YAML.replace('secrets: ["${SECRET}"]', `secrets: ["${secret}", "\${SECRET}"]`));
  expect(await inspector.endpoint('crm')).toMatchObject({ rotation: { configured: true } });
  expect((await inspector.overview()).alerts).toEqual([]);
  expect(await signatures(3)).toBe(2);
  await inspector.endRotation('crm');
  expect(await inspector.endpoint('crm')).toMatchObject({ rotation: null });
  expect(await db.sql('select from walhook.rotation')).toEqual([]);
  await found.apply(YAML.replace('signing: { secrets: ["${SECRET}"] }', 'signing: null').replace(', signing: null', ''));
  await expect(inspector.rotate('crm', 1_000)).rejects.toMatchObject({ code: 'no_signing' });
});

test('a hook is rendered of a row, of a kept change, and of a draft', async () => {
  const db = await testDatabase(TABLE);
  await db.sql(`insert into people values (1, 'Ann', '0123456789', true, 'NL'), (2, 'Bob', '0987654321', false, 'DE')`);
  const receiver = await testReceiver();
  const old = { id: '2', name: 'Rob', phone: '0987654321', phone_visible: 'f', country: 'DE' };
  const held = await heldUpdate(db, 'people', { old, row: { ...old, name: 'Bob' }, deliveries: [{ id: 'the-id', hook: 'all', endpoint: 'crm' }] });
  const { inspector } = await inspected({ db, yaml: YAML, receivers: { RECEIVER: receiver }, changes: [held] });
  expect(await inspector.render('dutch', { key: { id: '1' } })).toMatchObject({ key: { id: '1' }, operation: 'data_insert', wanted: true, when: true, requests: [{ endpoint: 'crm', request: { method: 'POST', body: '{"id":1,"phone":"0123456789"}' } }] });
  await expect(inspector.render('dutch', { key: { id: '9' } })).rejects.toMatchObject({ code: 'no_row' });
  await expect(inspector.render('dutch', { key: { nr: '9' } })).rejects.toMatchObject({ code: 'bad_request' });
  await expect(inspector.render('dutch', { key: { id: 'x' } })).rejects.toMatchObject({ code: 'bad_request', message: expect.not.stringContaining('--') });
  await expect(inspector.render('dutch', { change: 'gone' })).rejects.toMatchObject({ code: 'no_change' });

  const ofChange = await inspector.render('all', { change: held.report.place });
  expect(ofChange).toMatchObject({ key: { id: '2' }, operation: 'data_update', wanted: true });
  expect(ofChange.requests[0]?.request.headers).toContainEqual(['webhook-id', 'the-id']);
  expect(JSON.stringify(ofChange)).not.toContain('0987654321');

  const draft = 'name: dutch\ntable: people\nto: crm\nwhen: row.country == \'DE\'\nencoding: form\nbody: { n: "${{ row.name }}", p: "${{ row.phone }}" }\n';
  // Five levels of lists: hours, if it were evaluated to the end.
  const list = `[${Array.from({ length: 60 }, (_, n) => n).join(',')}]`;
  const endless = ['a', 'b', 'c', 'd', 'e'].reduce((inner, name) => `${list}.all(${name}, ${inner})`, 'true');
  for (const slow of [`when: "${endless}"`, `body: { n: "\${{ ${endless} }}" }`]) {
    await expect(inspector.render('dutch', { key: { id: '2' }, draft: `name: dutch\ntable: people\nto: crm\n${slow}\n` })).rejects.toMatchObject({ code: 'expression', message: expect.stringContaining('longer than') });
  }
  expect(await inspector.render('dutch', { key: { id: '2' }, draft })).toMatchObject({ wanted: true, when: true, requests: [{ request: { body: 'n=Bob&p=%3C%3CREDACTED%3E%3E' } }] });
  for (const [text, problems] of [
    ['name: dutch\ntable: people\nto: nobody\nfilds: {}\n', [{ line: 3, column: 5, path: 'to' }, { line: 4, column: 1, path: 'filds', message: 'unknown key (did you mean "fields"?)' }]],
    ['name: dutch\ntable: people\nto: crm\nbody: { a: "${SECRET}", b: "${file:/etc/passwd}", c: "${NOPE}" }', [{ line: 4, column: 12 }, { line: 4, column: 28 }, { line: 4, column: 54 }]],
    ['name: dutch\ntable: secrets\nto: crm\nenrich: { x: "select 1 as one" }', [{ line: 2, column: 1, path: 'table' }, { line: 4, column: 11, path: 'enrich.x' }]],
    ['name: dutch\ntable: people\nto: crm\nwhen: row.county == 1', [{ line: 4, path: 'when', message: expect.stringContaining('county') }]],
    ['name: dutch\n  table: [', [{ line: 1 }, { line: 2 }]],
  ] as const) {
    const error = await inspector.render('dutch', { draft: text }).catch((thrown: unknown) => thrown);
    if (!(error instanceof DraftError)) throw error;
    expect(error.code).toBe('bad_draft');
    expect(error.problems, text).toMatchObject(problems);
    expect(`${error.message} ${JSON.stringify(error.problems)}`, text).not.toContain('whsec');
  }
});

test('what a hook makes can be sent to a URL of one\'s own, with nothing of the endpoint\'s', async () => {
  const db = await testDatabase(TABLE);
  await db.sql(`insert into people values (1, 'Ann', '0123456789', true, 'NL')`);
  const [receiver, other] = [await testReceiver(), await testReceiver({ secret: `whsec_${Buffer.alloc(32, 9).toString('base64')}` })];
  const yaml = YAML.replace('signing:', 'headers: { X-Api-Key: the-api-key }, signing:');
  const { inspector } = await inspected({ db, yaml, receivers: { RECEIVER: receiver, OTHER: other } });
  const exchange = await inspector.tryOut('dutch', { key: { id: '1' }, url: `${other.url}/inbox` });
  // It is signed, with a secret that nobody has.
  expect(exchange).toMatchObject({ request: { url: `${other.url}/inbox`, body: '{"id":1,"phone":"0123456789"}' }, response: { status: 401 }, notes: expect.arrayContaining([expect.stringContaining('made for this request alone')]) });
  expect(JSON.stringify(exchange)).not.toMatch(/x-api-key/i);
  expect(receiver.requests).toEqual([]);
  expect(await inspector.tryOut('dutch', { key: { id: '1' }, url: 'http://169.254.169.254/latest' })).toMatchObject({ verdict: 'retry', message: expect.stringContaining('is not a public address'), response: null });
  for (const url of ['ftp://example.com', 'file:///etc/passwd', 'nothing', 'https://a:b@example.com']) {
    await expect(inspector.tryOut('dutch', { url }), url).rejects.toMatchObject({ code: 'bad_url' });
  }
});

test('why each hook of the table took a change or did not', async () => {
  const db = await testDatabase(TABLE);
  const receiver = await testReceiver();
  const old = { id: '2', name: 'Bob', phone: '0987654321', phone_visible: 'f', country: 'DE' };
  const held = await heldUpdate(db, 'people', { old, row: { ...old, country: 'BE' }, deliveries: [{ id: 'the-id', hook: 'other', endpoint: 'crm' }] });
  const { inspector } = await inspected({ db, yaml: YAML, receivers: { RECEIVER: receiver }, changes: [held] });
  expect(await inspector.trace('unknown')).toBeNull();
  const trace = await inspector.trace('the-id');
  expect(trace?.hooks).toEqual([
    { hook: 'dutch', wanted: false, reasons: ['this row does not match `when`'], when: { expression: `row.country == 'NL'`, value: false, error: null } },
    { hook: 'all', wanted: false, reasons: ['none of the columns of `changed` changed'], when: null },
  ]);
  expect(JSON.stringify(trace)).not.toContain('0987654321');
});
