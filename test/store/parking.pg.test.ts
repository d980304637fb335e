import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery.ts';
import type { ParkingStore } from '../../src/queue/port.ts';
import { countByEndpoint } from '../../src/store/counts.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { storedDeliveries } from '../../src/store/stored-deliveries.ts';
import { delivery, DOWN, parking } from './delivery.ts';
import { testState, type TestState } from './state.ts';

async function ids(store: ParkingStore, query: Partial<Parameters<ParkingStore['page']>[0]> = {}): Promise<string[]> {
  const page = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 100, bytes: 1e9, ...query });
  return page.map((stored) => stored.delivery.id);
}

async function parked(...deliveries: Delivery[]): Promise<TestState & { store: ParkingStore }> {
  const found = await testState();
  const store = parkingStore(found.state, found.owner);
  await store.park(deliveries.map((item) => parking(item)));
  return { ...found, store };
}

test('a parked delivery comes back as it was', async () => {
  const body = '{"a":"é\u{1f600} \\u0000 \\"quoted\\" {curly}, NULL","b":null}';
  const given = delivery(1, { body, lane: Number.MAX_SAFE_INTEGER });
  const { store } = await parked();
  await store.park([parking(given, { attempts: 3, failure: DOWN })]);
  const [stored] = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 1, bytes: 1e9 });
  expect(stored).toEqual({ attempts: 3, dueIn: expect.any(Number), delivery: { ...given, bytes: expect.any(Number) } });
  expect(stored?.delivery.bytes).toBeGreaterThan(Buffer.byteLength(body));
});

const SHAPES: readonly Partial<Delivery['request']>[] = [
  {},
  { contentType: null, method: 'GET', path: '/contacts/7?a=1' },
  { headers: [['x-table', 'profiles'], ['x-name', 'Zo\u00eb "q" \\ \t'], ['x-empty', '']], method: null, path: null },
  { contentType: 'application/x-www-form-urlencoded', headers: [['x-a', '1'], ['x-a', '2']] },
];

test('a parked delivery keeps its method, path, content type and headers, through failures and death and replay', async () => {
  const given = SHAPES.map((request, n) => delivery(n + 1, { request }));
  const { store, state, owner } = await parked(...given);
  const shapes = async (): Promise<unknown> =>
    (await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 100, bytes: 1e9 })).map((stored) => stored.delivery.request);
  const expected = given.map(({ request }) => request);
  expect(await shapes()).toEqual(expected);
  const all = given.map(({ id }) => ({ id, attempts: 2, failure: DOWN }));
  await store.settle({ endpoint: 'crm', delivered: [], failed: all.map((one) => ({ ...one, dueIn: 0 })), dead: [] });
  expect(await shapes()).toEqual(expected);
  await store.settle({ endpoint: 'crm', delivered: [], failed: [], dead: all });
  await store.bury([{ delivery: delivery(9, { request: SHAPES[2] ?? {} }), attempts: 1, failure: DOWN }]);
  const stored = storedDeliveries(state, owner);
  const shown = await Promise.all([...given, delivery(9)].map(({ id }) => stored.show(id)));
  expect(shown.map(([one]) => ({ method: one?.method, path: one?.path, contentType: one?.contentType, headers: one?.headers }))).toEqual(
    [...given, delivery(9, { request: SHAPES[2] ?? {} })].map(({ request: { method, path, contentType, headers } }) => ({ method, path, contentType, headers })),
  );
  await stored.replay({ fate: 'dead' });
  expect(await shapes()).toEqual([...expected, delivery(9, { request: SHAPES[2] ?? {} }).request]);
});

test('what was sent of a draft takes its place, parked or dead, and the others stay as they are', async () => {
  const draft = { contentType: 'application/vnd.walhook.draft+json', method: null, path: null };
  const given = [1, 2, 3, 4].map((n) => delivery(n, { request: draft, lane: n }));
  const { store, state, owner } = await parked(...given);
  const rendered = { request: delivery(0, { request: { path: '/é', contentType: null, method: null, headers: [['x-a', '1']] } }).request, body: '' };
  const attempt = (n: number, sent: boolean) => ({ id: `id-${n}-0`, attempts: 1, failure: DOWN, ...(sent ? { rendered } : {}) });
  await store.settle({ endpoint: 'crm', delivered: [], failed: [{ ...attempt(1, true), dueIn: 0 }, { ...attempt(2, false), dueIn: 0 }], dead: [attempt(3, false), attempt(4, true)] });
  const page = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 100, bytes: 1e9 });
  expect(page.map((stored) => [stored.delivery.request, stored.delivery.body])).toEqual([
    [rendered.request, rendered.body],
    [given[1]?.request, given[1]?.body],
  ]);
  const stored = storedDeliveries(state, owner);
  const dead = (await Promise.all([stored.show('id-3-0'), stored.show('id-4-0')])).flat();
  expect(dead.map(({ fate, body, path, contentType, headers, attempts }) => [fate, body, path, contentType, headers, attempts])).toEqual([
    ['dead', given[2]?.body, null, draft.contentType, [], 1],
    ['dead', '', '/é', null, [['x-a', '1']], 1],
  ]);
});

test('a thousand with templated paths and headers come back with their own', async () => {
  const given = Array.from({ length: 1_000 }, (_, n) => delivery(n + 1, { hook: n % 3 === 0 ? 'h' : 'other', request: { path: `/contacts/${n}`, headers: n % 2 === 0 ? [['x-row', String(n)]] : [], contentType: n % 5 === 0 ? null : 'application/json' } }));
  const { store } = await parked(...given);
  const page = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 1_000, bytes: 1e9 });
  expect(page.map((stored) => stored.delivery.request)).toEqual(given.map(({ request }) => request));
});

test.for([1, 100])('text that Postgres refuses in a path or a header does not keep its batch from being stored (%d shapes)', async (count) => {
  const bad = delivery(1, { request: { path: '/a\0b', headers: [['x-a', 'c\0d\ud800']] } });
  const { store } = await parked(bad, ...Array.from({ length: count }, (_, n) => delivery(n + 2, { request: { path: `/${n}` } })));
  const [first, ...more] = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 1_000, bytes: 1e9 });
  // Such a path is none that is sent: see deliver/refusal.ts.
  expect(first?.delivery.request).toMatchObject({ path: '/a\u{fffd}b', headers: [['x-a', 'c\0d\ud800']] });
  expect(more).toHaveLength(count);
});

test('parking what is parked already changes nothing', async () => {
  const { store, database } = await parked(delivery(1));
  await store.park([parking(delivery(1), { attempts: 9 }), parking(delivery(2))]);
  await store.park([]);
  expect(await database.sql('select id, attempts from walhook.parked order by id')).toEqual([
    { id: 'id-1-0', attempts: 0 },
    { id: 'id-2-0', attempts: 0 },
  ]);
});

test('a page ends once its bodies have come to so many bytes, and holds one at least', async () => {
  const body = 'x'.repeat(3_000); // out of line, and compressed
  const { store } = await parked(...[1, 2, 3, 4, 5].map((place) => delivery(place, { body, lane: place % 2 })));
  expect(await ids(store, { bytes: 6_001 })).toEqual(['id-1-0', 'id-2-0', 'id-3-0']);
  expect(await ids(store, { bytes: 6_000 })).toEqual(['id-1-0', 'id-2-0']);
  expect(await ids(store, { bytes: 1 })).toEqual(['id-1-0']);
  expect(await ids(store, { bytes: 3_001, lanes: [0, 1] })).toEqual(['id-1-0', 'id-2-0']);
});

test('one id for two endpoints is two deliveries', async () => {
  const { store } = await parked(delivery(1), delivery(1, { endpoint: 'crm 2' }), delivery(1, { endpoint: 'cr' }));
  expect(await ids(store)).toEqual(['id-1-0']);
  await store.settle({ endpoint: 'crm', delivered: ['id-1-0'], failed: [], dead: [] });
  expect(await ids(store)).toEqual([]);
  expect(await ids(store, { endpoint: 'crm 2' })).toEqual(['id-1-0']);
  expect(await ids(store, { endpoint: 'cr' })).toEqual(['id-1-0']);
});

test('pages follow each other in sequence: LSNs as numbers, then ordinal, then nth', async () => {
  const places = [2, 10, 9, 1, 300, 11];
  const { store } = await parked(...places.map((place) => delivery(place)), delivery(9, { nth: 2 }), delivery(9, { nth: 10 }), delivery(5, { endpoint: 'billing' }), delivery(5, { endpoint: 'other' }));
  const expected = ['id-1-0', 'id-2-0', 'id-9-0', 'id-9-2', 'id-9-10', 'id-10-0', 'id-11-0', 'id-300-0'];
  expect(await ids(store)).toEqual(expected);
  const seen: string[] = [];
  for (let after = null, more = true; more; ) {
    const page = await store.page({ endpoint: 'crm', lanes: null, after, limit: 3, bytes: 1e9 });
    seen.push(...page.map((stored) => stored.delivery.id));
    after = page.at(-1)?.delivery.sequence ?? null;
    more = page.length === 3;
  }
  expect(seen).toEqual(expected);
});

test('a page of some lanes has theirs alone, in one sequence', async () => {
  const { store } = await parked(
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((place) => delivery(place, { lane: place % 3 })),
    delivery(4, { endpoint: 'billing', lane: 1 }),
  );
  expect(await ids(store, { lanes: [1] })).toEqual(['id-1-0', 'id-4-0', 'id-7-0']);
  expect(await ids(store, { lanes: [2, 1] })).toEqual(['id-1-0', 'id-2-0', 'id-4-0', 'id-5-0', 'id-7-0', 'id-8-0']);
  expect(await ids(store, { lanes: [2, 1], after: delivery(4).sequence, limit: 3 })).toEqual(['id-5-0', 'id-7-0', 'id-8-0']);
  expect(await ids(store, { lanes: [17] })).toEqual([]);
  expect(await ids(store, { lanes: [] })).toEqual([]);
});

test('a lane is due when its head is, and too many lanes are null', async () => {
  const { store } = await parked();
  await store.park([
    parking(delivery(1, { lane: 7 }), { dueIn: 60_000 }),
    parking(delivery(2, { lane: 7 })),
    parking(delivery(3, { lane: 5 })),
    parking(delivery(4, { lane: 5 }), { dueIn: 60_000 }),
    parking(delivery(5, { lane: 6, endpoint: 'billing' })),
    parking(delivery(5, { lane: 9, endpoint: 'erp' })),
  ]);
  const lanes = await store.lanes('crm', 2);
  expect(lanes?.map(({ lane }) => lane).toSorted()).toEqual([5, 7]);
  const due = new Map(lanes?.map(({ lane, dueIn }) => [lane, dueIn]));
  expect(due.get(5)).toBeLessThanOrEqual(0);
  expect(due.get(7)).toBeGreaterThan(50_000);
  expect(due.get(7)).toBeLessThanOrEqual(60_000);
  expect(await store.lanes('crm', 1)).toBeNull();
  expect(await store.lanes('nobody', 0)).toEqual([]);
});

test('the last parked LSN is the endpoint\'s own', async () => {
  const { store } = await parked(delivery(3), delivery(2), delivery(9, { endpoint: 'billing' }), delivery(9, { endpoint: 'erp' }));
  expect(await store.lastParked('crm')).toBe(3n << 30n);
  expect(await store.lastParked('nobody')).toBeNull();
});

test('settling forgets what was delivered, postpones what failed and buries what gave up', async () => {
  const { store, database, state } = await parked(delivery(1), delivery(2), delivery(3), delivery(4, { lane: 4 }));
  await store.settle({
    endpoint: 'crm',
    delivered: ['id-1-0', 'never-there'],
    failed: [{ id: 'id-4-0', attempts: 2, failure: { ...DOWN, response: 'a\0b' }, dueIn: 30_000 }],
    dead: [{ id: 'id-2-0', attempts: 12, failure: { ...DOWN, status: null } }, { id: 'never-there', attempts: 1, failure: DOWN }],
  });
  expect(await ids(store)).toEqual(['id-3-0', 'id-4-0']);
  const [failed] = await database.sql(`select attempts, failure, status, message, response, due_at > now() + interval '20 seconds' as later from walhook.parked where id = 'id-4-0'`);
  expect(failed).toEqual({ attempts: 2, failure: 'status', status: 503, message: 'HTTP 503', response: 'a\u{fffd}b', later: true });
  const dead = await database.sql('select id, attempts, status, failure, convert_from(body, $1) as body, parked_at is not null as was_parked from walhook.dead', ['utf8']);
  expect(dead).toEqual([{ id: 'id-2-0', attempts: 12, status: null, failure: 'status', body: '{"n":2}', was_parked: true }]);
  expect(await countByEndpoint(state)).toEqual(new Map([['crm', { parked: 2, dead: 1, oldestParked: 1_780_000_000_123 }]]));
});

test('a dead letter that was never parked is stored once', async () => {
  const { store, state, database } = await parked();
  const burial = { delivery: delivery(1), attempts: 0, failure: { failure: 'expression', status: null, message: 'division by zero', response: '' } } as const;
  await store.bury([burial]);
  await store.bury([{ ...burial, attempts: 5 }]);
  await store.bury([]);
  expect(await countByEndpoint(state)).toEqual(new Map([['crm', { parked: 0, dead: 1, oldestParked: null }]]));
  expect(await database.sql('select attempts, failure from walhook.dead')).toEqual([{ attempts: 0, failure: 'expression' }]);
});

test('a thousand with different shapes are parked in one round trip', async () => {
  const many = Array.from({ length: 1_000 }, (_, n) => delivery(n + 1, { lane: n, endpoint: n % 2 === 0 ? 'crm' : 'billing' }));
  const { store } = await parked(...many);
  expect(await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 1_000, bytes: 1e9 })).toHaveLength(500);
});
