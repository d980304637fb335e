import { expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config.ts';
import { StoredOperations, type StoredOperationsOptions } from '../../src/commands/stored-operations.ts';
import { offlineEngine } from '../../src/commands/offline-engine.ts';
import type { Delivery } from '../../src/delivery.ts';
import { storedDeliveries } from '../../src/store/stored-deliveries.ts';
import { historyStore } from '../../src/store/history.ts';
import { ReadOnlyDatabase } from '../../src/source/read-only-database.ts';
import { rowLanes } from '../../src/row-lanes.ts';
import { parkingStore } from '../../src/store/parking.ts';
import type { ParkingStore } from '../../src/queue/port.ts';
import { daemonEnvironment } from '../support/daemon.ts';
import { loadConfig } from '../../src/config/load.ts';
import { arrived, delivery, DOWN, parking } from '../store/delivery.ts';
import { testState, type TestState } from '../store/state.ts';

interface Desk extends TestState {
  readonly operations: StoredOperations;
  readonly config: Config;
  readonly history: ReturnType<typeof historyStore>;
  readonly store: ParkingStore;
  /** Endpoints that were refreshed, in order. */
  readonly refreshed: string[];
}

async function desk(what: { readonly parked?: readonly Delivery[]; readonly dead?: readonly Delivery[] }): Promise<Desk> {
  const found = await testState();
  const store = parkingStore(found.state, found.owner);
  await store.park((what.parked ?? []).map((item) => parking(item)));
  await store.bury((what.dead ?? []).map((item) => ({ delivery: item, attempts: 3, failure: DOWN })));
  const config = loadConfig({
    text: `version: 1
source: { url: "\${DATABASE_URL}" }
endpoints: { crm: { url: "https://crm.example" }, billing: { url: "https://billing.example" } }
hooks: [{ name: profiles, table: profiles, to: crm }, { name: orders, table: app.orders, to: billing }]`,
    file: 'walhook.yaml',
    env: daemonEnvironment({ db: found.database, receivers: {} }),
    readFile: () => '',
  });
  const refreshed: string[] = [];
  const engine = { ...offlineEngine(store), refresh: async (endpoint: string) => void refreshed.push(endpoint) };
  const database = new ReadOnlyDatabase(found.database.url);
  onTestFinished(() => database.close());
  const stored = storedDeliveries(found.state, found.owner);
  const history = historyStore(found.state, found.owner);
  const lanes: StoredOperationsOptions['lanes'] = (table, key) => rowLanes({ config, database }, table, key);
  const operations = new StoredOperations({ config, stored, engine, delivered: history, lanes, now: async () => new Date((await found.database.sql<{ now: Date }>('select clock_timestamp() as now'))[0]?.now ?? 0) });
  return { ...found, config, history, store, operations, refreshed };
}

const DEAD = [delivery(1), delivery(2, { endpoint: 'billing', hook: 'orders', table: 'app.orders' }), delivery(3, { endpoint: 'old' }), delivery(4)];

test('what is replayed or discarded is told by endpoint, and the sender hears of each', async () => {
  const { operations, refreshed } = await desk({ dead: DEAD, parked: [delivery(9), delivery(9, { endpoint: 'old' })] });
  const counted = await operations.count('replay', { state: 'dead' });
  expect(counted).toMatchObject({ count: 3, endpoints: { crm: 2, billing: 1 }, not_configured: { old: 1 } });
  expect(refreshed).toEqual([]);
  expect(await operations.act('replay', { state: 'dead', table: 'app.orders' })).toMatchObject({ count: 1, endpoints: { billing: 1 } });
  expect(await operations.act('replay', { state: 'dead', table: 'profiles' })).toMatchObject({ count: 2, endpoints: { crm: 2 }, not_configured: { old: 1 } });
  expect(refreshed).toEqual(['billing', 'crm']);
  expect((await operations.list({ state: 'dead', limit: 10 })).deliveries.map(({ endpoint }) => endpoint)).toEqual(['old']);
  // What is dead is in nobody's memory.
  expect(await operations.act('discard', { state: 'dead', endpoint: 'old' })).toMatchObject({ count: 1 });
  expect(refreshed).toEqual(['billing', 'crm']);
  expect(await operations.act('discard', { state: 'parked' })).toMatchObject({ count: 5, endpoints: { crm: 3, billing: 1, old: 1 } });
  expect(refreshed.slice(2).toSorted()).toEqual(['billing', 'crm', 'old']);
});

test('what died after the count is not acted on', async () => {
  const { operations, store } = await desk({ dead: [delivery(1)] });
  const { as_of: before, count } = await operations.count('discard', { state: 'dead' });
  expect(count).toBe(1);
  await store.bury([{ delivery: delivery(2), attempts: 1, failure: DOWN }]);
  expect(await operations.act('discard', { state: 'dead', before })).toMatchObject({ count: 1 });
  expect((await operations.list({ state: 'dead', limit: 10 })).deliveries.map(({ id }) => id)).toEqual(['id-2-0']);
});

test('an action tells how far it is, and stops between its parts when it is told to', async () => {
  const many = Array.from({ length: 5_200 }, (_, n) => delivery(n + 10));
  const { operations } = await desk({ dead: [...many, delivery(1, { endpoint: 'billing', hook: 'orders', table: 'app.orders' })] });
  const told: number[] = [];
  const stop = new AbortController();
  const onDone = (count: number): void => {
    told.push(count);
    if (count >= 5_000) stop.abort();
  };
  const { count } = await operations.act('discard', { state: 'dead' }, { onDone, signal: stop.signal });
  expect(told.at(-1)).toBe(count);
  expect(count).toBeLessThan(5_201);
  expect(count + (await operations.count('discard', { state: 'dead' })).count).toBe(5_201);
  expect((await operations.act('discard', { state: 'dead' }, { onDone, signal: stop.signal })).count).toBe(0);
  const all: number[] = [];
  await operations.act('discard', { state: 'dead' }, { onDone: (done) => all.push(done), signal: new AbortController().signal });
  expect(all.at(-1)).toBe(5_201 - count);
});

test('an id that is not there stops the whole, and nothing is done', async () => {
  const { operations, refreshed } = await desk({ dead: [delivery(1), delivery(2)], parked: [delivery(5)] });
  for (const [ids, message] of [
    [['id-1-0', 'id-7-0'], /^there is no such dead letter: id-7-0 \(did you mean "id-[12]-0"\?\)$/],
    [['id-1-0', 'id-5-0'], /^there is no such dead letter: id-5-0: it is parked for crm$/],
    [['id-1-0', 'zzzzzzzz', 'yyyyyyyy'], /^there is no such dead letter: zzzzzzzz, nor 1 more of the ids; nothing was done$/],
  ] as const) {
    for (const action of ['replay', 'discard'] as const) {
      await expect(operations.act(action, { state: 'dead', ids }), ids.join(' ')).rejects.toMatchObject({ code: 'unknown_delivery', message: expect.stringMatching(message) });
    }
  }
  await expect(operations.act('replay', { state: 'dead', ids: ['id-1-0'], endpoint: 'billing' })).rejects.toMatchObject({ code: 'unknown_delivery' });
  expect(await operations.list({ state: 'dead', limit: 10 })).toMatchObject({ deliveries: [{}, {}] });
  expect(refreshed).toEqual([]);
  expect(await operations.act('replay', { state: 'dead', ids: ['id-1-0', 'id-2-0', 'id-1-0'] })).toMatchObject({ count: 2 });
});

test('one id may be of several endpoints', async () => {
  const { operations } = await desk({ dead: [delivery(1), delivery(1, { endpoint: 'billing' })], parked: [delivery(1, { endpoint: 'third' })] });
  expect((await operations.show('id-1-0')).map(({ endpoint, state }) => `${endpoint} ${state}`).toSorted()).toEqual(['billing dead', 'crm dead', 'third parked']);
  expect(await operations.act('discard', { state: 'dead', ids: ['id-1-0'], endpoint: 'billing' })).toMatchObject({ endpoints: { billing: 1 } });
  expect(await operations.act('discard', { state: 'dead', ids: ['id-1-0'] })).toMatchObject({ endpoints: { crm: 1 } });
});

test('a name that nothing bears is an error with what may have been meant', async () => {
  const { operations } = await desk({ dead: DEAD });
  const cases = [
    [() => operations.list({ state: 'dead', limit: 5, endpoint: 'cmr' }), 'unknown_endpoint', 'there is no endpoint "cmr" (did you mean "crm"?)'],
    [() => operations.count('replay', { state: 'dead', endpoint: 'oldd' }), 'unknown_endpoint', 'there is no endpoint "oldd" (did you mean "old"?)'],
    [() => operations.act('discard', { state: 'dead', hook: 'ordres' }), 'unknown_hook', 'there is no hook "ordres" (did you mean "orders"?)'],
    [() => operations.act('discard', { state: 'dead', table: 'profile' }), 'unknown_table', 'there is no table "profile" (did you mean "profiles"?)'],
    [() => operations.act('replay', { state: 'dead', endpoint: 'old' }), 'not_configured', 'the configuration no longer has the endpoint old, so nothing can be sent there'],
    [() => operations.pause('old', 'x'), 'unknown_endpoint', 'there is no endpoint "old"'],
    [() => operations.resume('cmr'), 'unknown_endpoint', 'there is no endpoint "cmr" (did you mean "crm"?)'],
    [() => operations.show('id-1-1'), 'unknown_delivery', 'nothing is stored under the id "id-1-1" (did you mean "id-1-0"?)'],
  ] as const;
  for (const [asked, code, message] of cases) await expect(asked(), message).rejects.toMatchObject({ code, message });
  // Names that are known, but have nothing stored.
  expect(await operations.list({ state: 'parked', limit: 5, endpoint: 'old' })).toEqual({ deliveries: [], next: null });
  expect(await operations.act('replay', { state: 'dead', hook: 'profiles' })).toMatchObject({ count: 0 });
});

test('pause and resume are remembered', async () => {
  const { operations, store } = await desk({});
  await operations.pause('crm', 'maintenance');
  expect(await store.condition('crm')).toMatchObject({ state: 'paused', reason: 'maintenance' });
  // Paused again without a reason it keeps the one it has.
  expect(await operations.pause('crm', null)).toBe('maintenance');
  expect(await store.condition('crm')).toMatchObject({ state: 'paused', reason: 'maintenance' });
  expect(await operations.pause('billing', null)).toBe('paused by hand');
  await operations.resume('crm');
  expect(await store.condition('crm')).toEqual({ state: 'active', reason: null, failingFor: null, probeIn: null });
});

test('what was delivered is listed, shown and replayed from the history', async () => {
  const { operations, refreshed, history } = await desk({});
  await history.tend(86_400_000);
  await history.save([arrived(1, { body: '{"n":1}' }), arrived(2, { endpoint: 'billing', body: null }), arrived(3, { endpoint: 'old' })]);
  const listed = await operations.list({ state: 'delivered', limit: 2 });
  expect(listed.deliveries.map(({ id, state, duration_ms }) => [id, state, duration_ms])).toEqual([['id-3-0', 'delivered', 12.5], ['id-2-0', 'delivered', 12.5]]);
  const rest = await operations.list({ state: 'delivered', limit: 2, cursor: listed.next ?? '' });
  expect([rest.deliveries.map(({ id }) => id), rest.next]).toEqual([['id-1-0'], null]);
  expect(await operations.show('id-1-0')).toMatchObject([{ state: 'delivered', body: '{"n":1}', attempts: 1, status: 204, path: '/hooks?x=1' }]);
  // One has no body, and one an endpoint that is no more.
  expect(await operations.count('replay', { state: 'delivered' })).toMatchObject({ count: 1, endpoints: { crm: 1 }, not_configured: { old: 1 } });
  expect(await operations.act('replay', { state: 'delivered' })).toMatchObject({ count: 1 });
  expect(refreshed).toEqual(['crm']);
  expect(await operations.show('id-1-0')).toMatchObject([{ state: 'parked', id: 'id-1-0', body: '{"n":1}', attempts: 0 }, { state: 'delivered' }]);
  await expect(operations.act('replay', { state: 'delivered', ids: ['id-9-0'] })).rejects.toMatchObject({ code: 'unknown_delivery' });
});

test('a key finds what shares the lane of its row', async () => {
  const { operations, config, store, database } = await desk({});
  await database.sql('create table profiles (org bigint, id bigint, note text, primary key (org, id)); insert into profiles values (7, 1, $$a$$)');
  const key = { org: '7', id: '1' };
  const source = new ReadOnlyDatabase(database.url);
  onTestFinished(() => source.close());
  const [lane] = await rowLanes({ config, database: source }, 'profiles', key);
  await store.bury([delivery(1, { hook: 'profiles', lane: lane?.lane ?? 0 }), delivery(2, { hook: 'profiles', lane: 5 })].map((one) => ({ delivery: one, attempts: 1, failure: DOWN })));
  const ids = async (wanted: Record<string, string>): Promise<string[]> => (await operations.list({ state: 'dead', table: 'profiles', key: wanted, limit: 10 })).deliveries.map(({ id }) => id);
  expect(await ids(key)).toEqual(['id-1-0']);
  // As Postgres writes it, not as it was typed; and also of a row that is gone.
  expect(await ids({ org: '007', id: '1' })).toEqual(['id-1-0']);
  await database.sql('delete from profiles');
  expect(await ids(key)).toEqual(['id-1-0']);
  expect(await ids({ org: '7', id: '2' })).toEqual([]);
  await expect(ids({ org: '7' })).rejects.toMatchObject({ code: 'bad_key', message: expect.stringContaining('org, id') });
  await expect(ids({ org: 'x', id: '1' })).rejects.toMatchObject({ code: 'bad_key' });
  await expect(operations.list({ state: 'dead', key, limit: 1 })).rejects.toMatchObject({ code: 'bad_key' });
});
