import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { expect, onTestFinished, test } from 'vitest';
import { SECRET, testDatabase, testReceiver } from '../support/daemon.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { allDelivered, faultConfig, faultEndpoint, launch, untilQuery } from '../support/fault-setup.ts';
import { FLAWLESS, judge, storedDeliveries } from '../support/oracle.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { Receiver } from '../support/receiver.ts';
import { random, seedOfRun } from '../support/random.ts';
import { ITEMS_SQL, Writer } from '../support/writer.ts';

const APPLIED = 'the new configuration is applied';
const KEPT = 'the configuration is not applied: the one before goes on';
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
/** An endpoint that fails is not tried again before the test is over. */
const PATIENT = { retry: { initial: '1h', max: '1h' } };

async function ground() {
  const database = await testDatabase(ITEMS_SQL);
  const receiver = await testReceiver();
  const seed = seedOfRun();
  console.log(`seed ${seed}`);
  const writer = new Writer({ database, seed, arrived: () => receiver.delivered });
  onTestFinished(() => writer.stop());
  const verdict = async () => judge({ written: writer, requests: receiver.requests, stored: await storedDeliveries(database), samples: [] });
  return { database, receiver, writer, verdict, chance: random(seed) };
}

async function insert(database: TestDatabase, id: number): Promise<void> {
  await database.sql(`insert into items values ($1, 1, 'x', null, true)`, [id]);
}

function errors(daemon: DaemonProcess): string {
  return daemon.log.filter(({ level }) => level === 'error').map((line) => JSON.stringify(line)).join('\n');
}

/** A daemon whose only delivery is parked, for an hour. */
async function withOneParked(options: Readonly<Record<string, unknown>> = {}) {
  const { database, receiver } = await ground();
  receiver.answer = () => 500;
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { ...PATIENT, ...options }) } });
  const daemon = launch(config);
  await daemon.streaming();
  await insert(database, 1);
  await untilQuery(database, 'select count(*)::int from walhook.parked where attempts > 0', 1);
  receiver.answer = () => 204;
  return { database, receiver, config, daemon, due: () => database.sql('update walhook.parked set due_at = now()') };
}

test('under load: each time it is applied, nothing is lost and nothing is sent twice', { timeout: 90_000 }, async () => {
  const { database, receiver, writer, verdict, chance } = await ground();
  receiver.answer = () => ({ delay: chance.int(0, 10) });
  const config = (concurrency: number) => faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { concurrency }) }, limits: { in_flight: 500 } });
  const daemon = launch(config(16));
  await daemon.streaming();
  writer.start();
  for (let reloads = 1; reloads <= 4; reloads++) {
    await receiver.received(receiver.requests.length + chance.int(1, 300));
    expect(await daemon.reload(config(16 * reloads))).toMatchObject({ msg: APPLIED });
  }
  await writer.more(100);
  await writer.stop();
  await allDelivered(receiver, writer);
  await untilQuery(database, 'select count(*)::int from walhook.parked', 0);
  daemon.signal('SIGTERM');
  expect(await daemon.exit).toEqual({ code: 0, signal: null });
  expect(await verdict()).toMatchObject({ ...FLAWLESS, duplicates: 0, delivered: writer.count });
});

test('a file that is refused keeps what runs, with every error in the log', async () => {
  const { database, receiver } = await ground();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const daemon = launch(config);
  await daemon.streaming();
  expect(await daemon.reload('version: 1\nhooks: [')).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, hoks: [], limits: { in_flight: 0 } })).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, hooks: [{ name: 'items', table: 'items', to: 'crm', when: 'row.nothing == 1' }] })).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, hooks: [{ name: 'items', table: 'itmes', to: 'crm' }] })).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, source: { url: database.url, slot: 'another' } })).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, source: { url: 'postgres://127.0.0.1:1/nowhere', slot: database.name } })).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, state: { url: 'postgres://127.0.0.1:1/nowhere' } })).toMatchObject({ msg: KEPT });
  expect(await daemon.reload({ ...config, server: { listen: `127.0.0.1:${new URL(receiver.url).port}` } })).toMatchObject({ msg: KEPT });
  expect(errors(daemon)).toMatch(/hoks: unknown key/);
  expect(errors(daemon)).toMatch(/limits\.in_flight/);
  expect(errors(daemon)).toMatch(/row\.nothing|nothing/);
  expect(errors(daemon)).toMatch(/did you mean \\"items\\"/);
  expect(errors(daemon)).toMatch(/source\.slot/);
  expect(errors(daemon)).toMatch(/port_in_use/);
  // It never stopped: the connection to the slot is the first one still.
  expect(daemon.log.filter(({ msg }) => msg === 'streaming')).toHaveLength(1);
  await insert(database, 1);
  await receiver.deliveries(1);
});

test('two at once: both are obeyed, one after the other', async () => {
  const { database, receiver } = await ground();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const daemon = launch(config);
  await daemon.streaming();
  daemon.signal('SIGHUP');
  await daemon.says(/^SIGHUP/);
  daemon.signal('SIGHUP');
  daemon.signal('SIGHUP');
  await expect.poll(() => daemon.log.filter(({ msg }) => msg === APPLIED).length, { timeout: 20_000 }).toBe(2);
  await insert(database, 1);
  await receiver.deliveries(1);
  expect(daemon.log.filter(({ msg }) => msg === 'streaming')).toHaveLength(3);
});

test('parked deliveries of an endpoint that is removed stay, and are sent when it is back', async () => {
  const { database, receiver, config, daemon, due } = await withOneParked();
  const elsewhere = await testReceiver();
  const without = faultConfig({ database, endpoints: { erp: faultEndpoint(elsewhere.url) } });
  expect(await daemon.reload(without)).toMatchObject({ msg: APPLIED });
  await insert(database, 2);
  await elsewhere.deliveries(1);
  expect(await database.sql('select endpoint from walhook.parked')).toEqual([{ endpoint: 'crm' }]);
  await due();
  expect(await daemon.reload(config)).toMatchObject({ msg: APPLIED });
  await receiver.deliveries(1);
  expect(receiver.requests.at(-1)?.id).toBe(receiver.requests[0]?.id);
  expect(receiver.requests.at(-1)?.body).toEqual(receiver.requests[0]?.body);
});

test('what is parked goes to the URL, with the secret and the headers, that the endpoint has when it is sent', async () => {
  const { receiver, config, daemon, due } = await withOneParked();
  const moved = await testReceiver({ secret: OTHER_SECRET });
  const [first] = receiver.requests;
  await due();
  const endpoint = faultEndpoint(moved.url, { ...PATIENT, url: `${moved.url}/moved`, method: 'PUT', signing: { secrets: [OTHER_SECRET] }, headers: { 'X-New': '1' } });
  expect(await daemon.reload({ ...config, endpoints: { crm: endpoint } })).toMatchObject({ msg: APPLIED });
  await moved.deliveries(1);
  expect(moved.requests[0]).toMatchObject({ id: first?.id, url: '/moved', method: 'PUT', headers: { 'x-new': '1' } });
  expect(moved.requests[0]?.body).toEqual(first?.body);
  expect(receiver.delivered).toBe(0);
});

test('what is parked keeps the method, path, content type and headers that its templates made; the rest is the endpoint’s when it is sent', async () => {
  const { database, receiver } = await ground();
  receiver.answer = () => 500;
  const hook = { name: 'items', table: 'items', to: 'crm', body: { id: '${{ row.id }}' } };
  const shaped = { ...hook, method: 'PATCH', path: '/items/${{ row.id }}?note=${{ row.note }}', headers: { 'X-Note': '${{ row.note }}', 'X-Key': 'hook' }, encoding: 'form' };
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { ...PATIENT, headers: { 'X-Key': 'old', 'X-Other': 'old' } }) } });
  const daemon = launch({ ...config, hooks: [shaped] });
  await daemon.streaming();
  await insert(database, 7);
  await untilQuery(database, 'select count(*)::int from walhook.parked where attempts > 0', 1);
  receiver.answer = () => 204;
  await database.sql('update walhook.parked set due_at = now()');
  const endpoint = faultEndpoint(receiver.url, { ...PATIENT, url: `${receiver.url}/moved`, method: 'PUT', headers: { 'X-Key': 'new', 'X-Other': 'new' } });
  expect(await daemon.reload({ ...config, endpoints: { crm: endpoint }, hooks: [hook] })).toMatchObject({ msg: APPLIED });
  await receiver.deliveries(1);
  const [first, second] = receiver.requests;
  const same = { method: 'PATCH', url: '/items/7?note=x', id: first?.id, body: first?.body };
  expect(first).toMatchObject({ ...same, headers: { 'x-note': 'x', 'x-key': 'hook', 'x-other': 'old' } });
  expect(second).toMatchObject({ ...same, headers: { 'x-note': 'x', 'x-key': 'hook', 'x-other': 'new', 'content-type': 'application/x-www-form-urlencoded' } });
  expect(first?.body.toString()).toBe('id=7');
});

test('a secret file that changed is used after SIGHUP, in signatures, headers and tokens, with the same walhook.yaml', async () => {
  const { database } = await ground();
  // These two look at no signature themselves.
  const [receiver, auth] = [await Receiver.open(), await Receiver.open()];
  onTestFinished(async () => void (await Promise.all([receiver.close(), auth.close()])));
  const folder = mkdtempSync(join(tmpdir(), 'walhook-secrets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = (secrets: Readonly<Record<string, string>>): void => {
    for (const [name, text] of Object.entries(secrets)) writeFileSync(join(folder, name), `${text}\n`);
  };
  const file = (name: string): string => `\${file:${join(folder, name)}}`;
  // The token tells which client secret it was given for.
  auth.answer = ({ body }) => ({ status: 200, body: JSON.stringify({ access_token: new URLSearchParams(body.toString()).get('client_secret') }) });
  const endpoint = faultEndpoint(receiver.url, {
    signing: { secrets: [file('whsec')] },
    headers: { 'X-Key': file('key') },
    oauth2: { token_url: `${auth.url}/token`, client_id: 'walhook', client_secret: file('client'), auth: 'body' },
  });
  const config = faultConfig({ database, endpoints: { crm: endpoint } });
  const told = (n: number) => {
    const { headers = {}, body = Buffer.alloc(0) } = receiver.requests[n] ?? {};
    const verifies = (secret: string): boolean => {
      try {
        new Webhook(secret).verify(body, headers as Record<string, string>, { jsonParse: false });
        return true;
      } catch {
        return false;
      }
    };
    return [headers['x-key'], headers.authorization, [SECRET, OTHER_SECRET].map(verifies)];
  };
  write({ whsec: SECRET, key: 'key-1', client: 'client-1' });
  const daemon = launch(config);
  await daemon.streaming();
  await insert(database, 1);
  await receiver.deliveries(1);
  expect(told(0)).toEqual(['key-1', 'Bearer client-1', [true, false]]);
  write({ whsec: OTHER_SECRET, key: 'key-2', client: 'client-2' });
  expect(await daemon.reload(config)).toMatchObject({ msg: APPLIED });
  await insert(database, 2);
  await receiver.deliveries(2);
  expect(told(1)).toEqual(['key-2', 'Bearer client-2', [false, true]]);
  // A file that is not there any more is refused, and what runs goes on with what it has.
  rmSync(join(folder, 'client'));
  expect(await daemon.reload(config)).toMatchObject({ msg: KEPT });
  await insert(database, 3);
  await receiver.deliveries(3);
  expect(told(2)).toEqual(['key-2', 'Bearer client-2', [false, true]]);
  expect(daemon.output.join('\n')).not.toMatch(/client-[12]|key-[12]/);
});

test('what is parked of a hook that is changed or removed is sent as it was made', async () => {
  const { database, receiver, config, daemon, due } = await withOneParked();
  const elsewhere = await testReceiver();
  const [first] = receiver.requests;
  await due();
  const hooks = [{ name: 'renamed', table: 'items', to: 'erp', fields: { omit: ['note'] } }];
  const endpoints = { crm: faultEndpoint(receiver.url), erp: faultEndpoint(elsewhere.url) };
  expect(await daemon.reload({ ...config, endpoints, hooks })).toMatchObject({ msg: APPLIED });
  await receiver.deliveries(1);
  expect(receiver.requests.at(-1)).toMatchObject({ id: first?.id, body: first?.body });
  await insert(database, 2);
  await elsewhere.deliveries(1);
  expect(JSON.parse(elsewhere.requests[0]?.body.toString() ?? '')).not.toHaveProperty('data.note');
});

test('the HTTP server moves and takes the new token without a stop', async () => {
  const { database, receiver } = await ground();
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const daemon = launch({ ...config, server: { listen: '127.0.0.1:0', token: 'a-first-token-0123' } });
  await daemon.streaming();
  const { msg } = await daemon.says(/health and status are on/);
  const [origin = ''] = /http:\/\/\S+/.exec(msg) ?? [];
  const status = async (token: string) => (await fetch(`${origin}/api/v1/status`, { headers: { authorization: `Bearer ${token}` } })).status;
  expect(await status('a-first-token-0123')).toBe(200);
  expect(await daemon.reload({ ...config, server: { listen: '127.0.0.1:0', token: 'a-second-token-456' } })).toMatchObject({ msg: APPLIED });
  expect([await status('a-first-token-0123'), await status('a-second-token-456')]).toEqual([401, 200]);
});

test('killed in the middle of a reload: the next start has the file, and nothing is lost', { timeout: 90_000 }, async () => {
  const { database, receiver, writer, verdict, chance } = await ground();
  receiver.answer = () => ({ delay: chance.int(0, 10) });
  const config = (path: string) => faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url, { url: `${receiver.url}/${path}` }) }, limits: { in_flight: 500 } });
  let daemon = launch(config('0'));
  await daemon.streaming();
  writer.start();
  for (let kills = 1; kills <= 4; kills++) {
    await receiver.received(receiver.requests.length + chance.int(1, 200));
    daemon.write(config(String(kills)));
    daemon.signal('SIGHUP');
    await daemon.says(/^SIGHUP/);
    // Anywhere in the reload: what is in flight still arrives while it drains, and more once it has begun anew.
    await receiver.received(receiver.requests.length + chance.int(0, 80));
    await daemon.kill();
    const from = receiver.requests.length;
    daemon = launch(config(String(kills)));
    await daemon.streaming();
    await receiver.received(from + 50);
    expect(new Set(receiver.requests.slice(from + 20).map(({ url }) => url))).toEqual(new Set([`/${kills}`]));
  }
  await writer.stop();
  await allDelivered(receiver, writer);
  expect(await verdict()).toMatchObject({ ...FLAWLESS, delivered: writer.count });
});

test('a state database that can only be read, or another one, is refused: what runs goes on', async () => {
  const { database, receiver } = await ground();
  const other = await testDatabase('');
  await other.sql(`alter database ${other.name} set default_transaction_read_only = on`);
  const config = faultConfig({ database, endpoints: { crm: faultEndpoint(receiver.url) } });
  const daemon = launch(config);
  await daemon.streaming();
  expect((await daemon.reload({ ...config, state: { url: other.url } })).msg).toBe(KEPT);
  expect(daemon.log.at(-2)).toMatchObject({ msg: expect.stringContaining('cannot be changed while walhook runs'), err: { code: 'reload_needs_restart' } });
  await database.sql(`alter database ${database.name} set default_transaction_read_only = on`);
  expect((await daemon.reload(config)).msg).toBe(KEPT);
  expect(daemon.log.at(-2)).toMatchObject({ msg: expect.stringContaining('can only be read') });
  await insert(database, 1);
  await receiver.deliveries(1);
});
