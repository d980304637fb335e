import { expect, test } from 'vitest';
import type { DeliveryFilter } from '../../src/store/delivery-filter.ts';
import type { Delivery } from '../../src/delivery.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { type StoredDeliveries, storedDeliveries } from '../../src/store/stored-deliveries.ts';
import type { ParkingStore } from '../../src/queue/port.ts';
import { delivery, DOWN, parking } from './delivery.ts';
import { testState, type TestState } from './state.ts';

interface Filled extends TestState {
  readonly store: ParkingStore;
  readonly stored: StoredDeliveries;
}

async function filled(what: { readonly parked?: readonly Delivery[]; readonly dead?: readonly Delivery[] }): Promise<Filled> {
  const found = await testState();
  const store = parkingStore(found.state, found.owner);
  await store.park((what.parked ?? []).map((item) => parking(item)));
  // One by one, so that each dies at a time of its own.
  for (const item of what.dead ?? []) await store.bury([{ delivery: item, attempts: 3, failure: DOWN }]);
  return { ...found, store, stored: storedDeliveries(found.state, found.owner) };
}

/** id and endpoint of each, page by page. */
async function pages(stored: StoredDeliveries, filter: DeliveryFilter, limit: number): Promise<string[][]> {
  const seen: string[][] = [];
  for (let cursor: string | null = null, more = true; more; ) {
    const page = await stored.list({ filter, limit, cursor });
    seen.push(page.deliveries.map(({ id, endpoint }) => `${id} ${endpoint}`));
    cursor = page.next;
    more = cursor !== null;
  }
  return seen;
}

const ids = async (stored: StoredDeliveries, filter: DeliveryFilter): Promise<string[]> => (await pages(stored, filter, 100)).flat().map((text) => text.split(' ')[0] ?? '');
const crm = (count: number): Map<string, number> => new Map([['crm', count]]);

test('parked deliveries are listed by their place in the stream, the latest of all endpoints first', async () => {
  const { stored } = await filled({ parked: [delivery(10), delivery(9), delivery(2, { endpoint: 'billing' }), delivery(10, { endpoint: 'billing' }), delivery(10, { nth: 1 }), delivery(300, { endpoint: 'zoo' })] });
  const all = ['id-300-0 zoo', 'id-10-1 crm', 'id-10-0 crm', 'id-10-0 billing', 'id-9-0 crm', 'id-2-0 billing'];
  for (const limit of [1, 2, 3, 5, 6, 7]) {
    const found = await pages(stored, { fate: 'parked' }, limit);
    expect(found.flat()).toEqual(all);
    expect(found).toHaveLength(Math.ceil(all.length / limit));
  }
  expect((await pages(stored, { fate: 'parked', endpoint: 'crm' }, 2)).flat()).toEqual(['id-10-1 crm', 'id-10-0 crm', 'id-9-0 crm']);
  expect(await pages(stored, { fate: 'parked', endpoint: 'nobody' }, 2)).toEqual([[]]);
  expect(await pages(stored, { fate: 'dead' }, 2)).toEqual([[]]);
});

test('dead letters are listed by the time of their death, the latest first, with all its digits', async () => {
  const { stored, store } = await filled({ dead: [delivery(3), delivery(1, { endpoint: 'billing' }), delivery(2)] });
  // Those of one statement die at almost the same time.
  await store.bury([5, 6, 7, 8].map((place) => ({ delivery: delivery(place), attempts: 1, failure: DOWN })));
  const all = await pages(stored, { fate: 'dead' }, 100);
  expect(all.flat().slice(4)).toEqual(['id-2-0 crm', 'id-1-0 billing', 'id-3-0 crm']);
  for (const limit of [1, 2, 3]) expect((await pages(stored, { fate: 'dead' }, limit)).flat()).toEqual(all.flat());
});

test('a page after rows have gone goes on where the one before it ended', async () => {
  const { stored } = await filled({ parked: [1, 2, 3, 4, 5].map((place) => delivery(place)) });
  const first = await stored.list({ filter: { fate: 'parked' }, limit: 2, cursor: null });
  await stored.discard({ fate: 'parked', ids: ['id-4-0', 'id-3-0'] });
  const second = await stored.list({ filter: { fate: 'parked' }, limit: 2, cursor: first.next });
  expect(second.deliveries.map(({ id }) => id)).toEqual(['id-2-0', 'id-1-0']);
  expect(second.next).toBeNull();
});

test('a cursor of another list, or none at all, is refused', async () => {
  const { stored } = await filled({ parked: [delivery(1), delivery(2)] });
  const { next } = await stored.list({ filter: { fate: 'parked' }, limit: 1, cursor: null });
  const made = (parts: unknown): string => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const wrong = [next, 'x', '', made(['dead', 'crm', "2026-01-01'", 'id']), made(['dead', 'crm', '2026-01-01T00:00:00.000000Z', 'a\0']), made(['dead', 5, '', '']), made({})];
  for (const cursor of wrong) {
    await expect(stored.list({ filter: { fate: 'dead' }, limit: 1, cursor }), String(cursor)).rejects.toMatchObject({ code: 'bad_cursor' });
  }
});

test('each condition of a filter holds for a list, a count and a bulk action', async () => {
  const { stored } = await filled({
    dead: [delivery(1, { hook: 'a' }), delivery(2, { table: 'public.orders' }), delivery(3, { endpoint: 'billing' }), delivery(4), delivery(4, { endpoint: 'billing' })],
  });
  const [latest] = (await stored.list({ filter: { fate: 'dead' }, limit: 1, cursor: null })).deliveries;
  const future = new Date(Date.now() + 3_600_000);
  const past = new Date((latest?.diedAt?.getTime() ?? 0) - 3_600_000);
  const cases: [Omit<DeliveryFilter, 'fate'>, string[]][] = [
    [{}, ['id-4-0', 'id-4-0', 'id-3-0', 'id-2-0', 'id-1-0']],
    [{ hook: 'a' }, ['id-1-0']],
    [{ table: 'public.orders' }, ['id-2-0']],
    [{ endpoint: 'billing' }, ['id-4-0', 'id-3-0']],
    [{ endpoint: 'billing', hook: 'a' }, []],
    [{ ids: ['id-4-0', 'nowhere', 'id-1-0'] }, ['id-4-0', 'id-4-0', 'id-1-0']],
    [{ ids: ['id-4-0'], endpoint: 'crm' }, ['id-4-0']],
    [{ ids: [] }, []],
    [{ since: future }, []],
    [{ before: past }, []],
    [{ since: past, before: future }, ['id-4-0', 'id-4-0', 'id-3-0', 'id-2-0', 'id-1-0']],
  ];
  const sum = (counts: ReadonlyMap<string, number>): number => [...counts.values()].reduce((a, b) => a + b, 0);
  for (const [filter, expected] of cases) {
    expect(await ids(stored, { fate: 'dead', ...filter }), JSON.stringify(filter)).toEqual(expected);
    expect(sum(await stored.count({ fate: 'dead', ...filter })), JSON.stringify(filter)).toBe(expected.length);
  }
  // From the narrowest on, there and back would need two tables: each is discarded for good.
  for (const [filter] of cases.toReversed()) {
    const before = await stored.count({ fate: 'dead', ...filter });
    expect(await stored.discard({ fate: 'dead', ...filter }), JSON.stringify(filter)).toEqual(before);
    expect(await stored.count({ fate: 'dead', ...filter })).toEqual(new Map());
  }
});

test('all that is stored under an id is shown, of each endpoint', async () => {
  const body = '{"a":"é\u{1f600}"}';
  const { stored, store } = await filled({ parked: [delivery(1, { endpoint: 'billing', body }), delivery(2)], dead: [delivery(1, { body })] });
  await store.settle({ endpoint: 'billing', delivered: [], dead: [], failed: [{ id: 'id-1-0', attempts: 4, failure: DOWN, dueIn: 60_000 }] });
  const [parked, dead, ...more] = await stored.show('id-1-0');
  expect(more).toEqual([]);
  const same = {
    id: 'id-1-0', hook: 'h', operation: 'data_update', table: 'public.profiles', bytes: Buffer.byteLength(body), body, method: 'POST', path: '/hooks?x=1',
    contentType: 'application/json', headers: [], commitLsn: '0/40000000', ordinal: 1, nth: 0, failure: 'status', status: 503, message: 'HTTP 503', response: 'down',
    committedAt: new Date(1_780_000_000_123),
  };
  expect(parked).toEqual({ ...same, fate: 'parked', endpoint: 'billing', attempts: 4, parkedAt: expect.any(Date), dueAt: expect.any(Date), diedAt: null });
  expect(dead).toEqual({ ...same, fate: 'dead', endpoint: 'crm', attempts: 3, parkedAt: null, dueAt: null, diedAt: expect.any(Date) });
  expect(Number(parked?.dueAt) - Number(parked?.parkedAt)).toBeGreaterThan(50_000);
  expect(await stored.show('id-1')).toEqual([]);
});

test('what waits behind a parked delivery is what comes later in its lane, of its endpoint', async () => {
  const { stored } = await filled({
    parked: [delivery(1), delivery(2), delivery(3), delivery(3, { nth: 1 }), delivery(4, { lane: 2 }), delivery(5, { endpoint: 'billing' })],
    dead: [delivery(6)],
  });
  const behind = (place: number, endpoint = 'crm'): Promise<number | null> => stored.behind(`id-${place}-0`, endpoint);
  expect(await Promise.all([behind(1), behind(2), behind(3), behind(4), behind(5, 'billing'), behind(5), behind(6)])).toEqual([3, 2, 1, 0, 0, null, null]);
});

test('a replayed dead letter is parked as it was, without attempts and due at once', async () => {
  const given = delivery(7, { body: '{"a":"é"}', lane: 77 });
  const { stored, store, database } = await filled({ parked: [delivery(8)], dead: [given, delivery(9, { endpoint: 'billing' })] });
  expect(await stored.replay({ fate: 'dead', endpoint: 'crm' })).toEqual(crm(1));
  const page = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 10, bytes: 1e6 });
  expect(page.map((item) => item.delivery.id)).toEqual(['id-7-0', 'id-8-0']);
  expect(page[0]).toMatchObject({ attempts: 0, delivery: { ...given, bytes: expect.any(Number) } });
  expect(await database.sql(`select failure, status, message, response, due_at <= clock_timestamp() as due from walhook.parked where id = 'id-7-0'`)).toEqual([
    { failure: null, status: null, message: null, response: null, due: true },
  ]);
  expect(await ids(stored, { fate: 'dead' })).toEqual(['id-9-0']);
  expect(await stored.replay({ fate: 'dead', endpoint: 'crm' })).toEqual(new Map());
});

test('a dead letter whose delivery is parked already leaves that as it is', async () => {
  const { stored, store, database } = await filled({ dead: [delivery(1)] });
  await store.park([parking(delivery(1), { attempts: 5, dueIn: 60_000 })]);
  expect(await stored.replay({ fate: 'dead' })).toEqual(crm(1));
  expect(await database.sql('select attempts from walhook.parked')).toEqual([{ attempts: 5 }]);
  expect(await ids(stored, { fate: 'dead' })).toEqual([]);
});

test('a bulk action goes in chunks, tells of them, and leaves alone what comes meanwhile', async () => {
  const { stored, store, database } = await filled({});
  await database.sql(`insert into walhook.dead (key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, method, path, content_type, body, attempts, committed_at, failure, message, response, died_at)
    select n || ' ' || e, e, n, 'h', n, '0/0'::pg_lsn + n, 1, 0, 'data_update', 'public.t', 'POST', '/', 'application/json', 'x', 9, now(), 'status', 'm', 'r', now() - n / 10 * interval '1 second'
    from generate_series(1, 11000) as n, unnest('{a,b}'::text[]) as e`);
  const told: number[] = [];
  const diedMeanwhile: Promise<void>[] = [];
  const done = await stored.replay({ fate: 'dead' }, (count) => {
    told.push(count);
    if (diedMeanwhile.length === 0) diedMeanwhile.push(store.bury([{ delivery: delivery(1, { endpoint: 'b' }), attempts: 1, failure: DOWN }]));
  });
  expect(done).toEqual(new Map([['a', 11_000], ['b', 11_000]]));
  expect(told).toEqual([5_000, 10_000, 11_000, 16_000, 21_000, 22_000]);
  await Promise.all(diedMeanwhile);
  expect(await ids(stored, { fate: 'dead' })).toEqual(['id-1-0']);
  expect(await stored.count({ fate: 'parked' })).toEqual(done);
  expect(await stored.discard({ fate: 'parked', endpoint: 'b' })).toEqual(new Map([['b', 11_000]]));
  expect(await stored.count({ fate: 'parked' })).toEqual(new Map([['a', 11_000]]));
});

test('dead letters are pruned by age', async () => {
  const { stored, database } = await filled({ dead: [delivery(1), delivery(2), delivery(3, { endpoint: 'billing' }), delivery(4)] });
  await database.sql(`update walhook.dead set died_at = died_at - interval '2 hours' where id in ('id-1-0', 'id-3-0')`);
  expect(await stored.prune({ keep: null, most: null })).toEqual(new Map());
  expect(await stored.prune({ keep: 3_600_000 * 3, most: 3 })).toEqual(new Map());
  expect(await stored.prune({ keep: 3_600_000, most: null })).toEqual(new Map([['billing', 1], ['crm', 1]]));
  expect(await ids(stored, { fate: 'dead' })).toEqual(['id-4-0', 'id-2-0']);
});

test('of each endpoint the latest dead letters are kept, as many as are wanted', async () => {
  const { stored } = await filled({ dead: [delivery(1), delivery(2), delivery(3, { endpoint: 'billing' }), delivery(4), delivery(5)] });
  expect(await stored.prune({ keep: null, most: 4 })).toEqual(new Map());
  expect(await stored.prune({ keep: 3_600_000, most: 2 })).toEqual(crm(2));
  expect(await ids(stored, { fate: 'dead' })).toEqual(['id-5-0', 'id-4-0', 'id-3-0']);
  expect(await stored.prune({ keep: null, most: 0 })).toEqual(new Map([['billing', 1], ['crm', 2]]));
});

test('conditions are told with times, for each endpoint that has one', async () => {
  const { stored, store } = await filled({});
  expect(await stored.conditions()).toEqual([]);
  await store.remember('crm', { state: 'active', reason: null, failingFor: 60_000, probeIn: 30_000 });
  await store.remember('billing', { state: 'paused', reason: 'by hand', failingFor: null, probeIn: null });
  const [billing, failing] = await stored.conditions();
  expect(billing).toEqual({ endpoint: 'billing', state: 'paused', reason: 'by hand', since: expect.any(Date), failingSince: null, probeAt: null });
  expect(Number(failing?.probeAt) - Number(failing?.failingSince)).toBeGreaterThan(89_000);
  await store.remember('billing', { state: 'paused', reason: 'by hand again', failingFor: 5, probeIn: null });
  expect((await stored.conditions())[0]).toMatchObject({ since: billing?.since, reason: 'by hand again' });
});
