import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { checkpointStore } from '../../src/store/checkpoint.ts';
import { Ownership } from '../../src/store/owner.ts';
import { type Generation, workerState } from '../../src/worker-state.ts';
import type { Sequence } from '../../src/delivery.ts';
import type { Stored } from '../../src/queue/port.ts';
import { indexParts } from '../../src/store/part-index.ts';
import { random } from '../support/random.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { delivery, parking } from './delivery.ts';
import { open, testState, type TestState } from './state.ts';

const SHARED = { slot: 'walhook', partitions: 12 };

/** A process of its own: its connections, and a generation that has taken over. */
async function worker({ database }: TestState, parts: readonly number[]): Promise<Generation> {
  const state = workerState(open({ client: { connectionString: database.url }, schema: 'walhook' }), SHARED);
  const generation = state.generation(parts);
  await generation.takeOver();
  return generation;
}

async function ids({ parking: store }: Generation): Promise<string[]> {
  const page = await store.page({ endpoint: 'crm', lanes: null, after: null, limit: 100, bytes: 1e6 });
  return page.map((stored) => stored.delivery.id);
}

/** The owners' rows of workers. */
async function owners(database: TestDatabase): Promise<number> {
  return (await database.sql(`select from walhook.owner where slot like 'walhook/%'`)).length;
}

async function holders(database: TestDatabase): Promise<Record<number, string | null>> {
  const rows = await database.sql<{ partition: number; holder: string | null }>('select partition, holder from walhook.assignment order by partition');
  return Object.fromEntries(rows.map(({ partition, holder }) => [partition, holder]));
}

/** Processes of the database that wait for a lock. */
async function waiting(database: TestDatabase): Promise<number> {
  return (await database.sql(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)).length;
}

test('a generation writes nothing before it takes over, and nothing once another has one of its partitions', async () => {
  const found = await testState();
  const early = workerState(found.state, SHARED).generation([4]);
  await expect(early.parking.park([parking(delivery(1))])).rejects.toMatchObject({ code: 'fenced' });
  const before = await worker(found, [0, 1, 2]);
  await before.parking.park([parking(delivery(1, { lane: 1 }))]);
  const after = await worker(found, [2, 3]);
  for (const write of [
    () => before.parking.park([parking(delivery(2, { lane: 1 }))]),
    () => before.parking.settle({ endpoint: 'crm', delivered: ['id-1-0'], failed: [], dead: [] }),
    () => before.parking.remember('crm', { state: 'paused', reason: null, failingFor: null, probeIn: null }),
    () => before.deliveries.discard({ fate: 'parked' }),
  ]) {
    await expect(write()).rejects.toMatchObject({ code: 'fenced', message: expect.stringMatching(/partitions 0, 1, 2 of slot "walhook".* has taken over, at 20/) });
  }
  expect(await before.fenced).toMatchObject({ code: 'fenced' });
  expect(await found.database.sql('select id from walhook.parked')).toEqual([{ id: 'id-1-0' }]);
  await after.parking.park([parking(delivery(3, { lane: 2 }))]);
  expect(await found.database.sql('select from walhook.parked')).toHaveLength(2);
  expect(await owners(found.database)).toBe(1);
});

test('generations without a common partition, and the tail, do not disturb each other', async () => {
  const found = await testState();
  const all = [await worker(found, [0, 1]), await worker(found, [2, 3]), await worker(found, [])];
  await found.owner.takeOver();
  for (const [n, one] of all.entries()) await one.parking.park([parking(delivery(n + 1, { lane: 2 * n }))]);
  await checkpointStore(found.owner, { systemId: '7710553052428406805', timeline: 1, publication: 'walhook' }).save({ lsn: 5n, within: null });
  expect(await Promise.all(all.map(ids))).toEqual([['id-1-0'], ['id-2-0'], []]);
  expect(await owners(found.database)).toBe(3);
});

test('what is let go is free, and leaves no owner behind', async () => {
  const found = await testState();
  const first = await worker(found, [0, 1]);
  await first.release();
  await first.release();
  expect(await owners(found.database)).toBe(0);
  expect(await holders(found.database)).toEqual({ 0: null, 1: null });
  await expect(first.parking.park([parking(delivery(1))])).rejects.toMatchObject({ code: 'fenced', message: expect.stringContaining('nobody has taken over') });
  const second = await worker(found, [1, 2]);
  await first.release();
  await second.parking.park([parking(delivery(1))]);
  expect(Object.values(await holders(found.database))).toEqual([null, expect.stringMatching(/^walhook\/.+/), expect.stringMatching(/^walhook\/.+/)]);
});

test('one that was killed without any partition leaves its owner for a day', async () => {
  const found = await testState();
  await worker(found, []);
  await worker(found, [7]);
  await found.database.sql(`update walhook.owner set since = since - interval '25 hours'`);
  await worker(found, [8]);
  expect(await owners(found.database)).toBe(2);
  expect(await found.database.sql(`select from walhook.owner where slot = 'walhook'`)).toHaveLength(1);
});

test('a write under way is waited for by a takeover, which then sees what it wrote', async () => {
  const found = await testState();
  const before = await worker(found, [0, 1]);
  await before.parking.park([parking(delivery(1))]);
  // Somebody deletes the row that is written again, and has not committed: the write waits for that, as the owner.
  const obstacle = await found.database.client();
  await obstacle.query('begin; delete from walhook.parked');
  const write = before.parking.park([parking(delivery(1)), parking(delivery(2))]);
  await expect.poll(() => waiting(found.database)).toBe(1);
  // Of a partition that the write has nothing to do with: ownership ends as a whole.
  const takeover = worker(found, [0]);
  await expect.poll(() => waiting(found.database)).toBe(2);
  await obstacle.query('commit');
  await write;
  await takeover;
  expect(await ids(await worker(found, [1]))).toEqual(['id-1-0', 'id-2-0']);
});

test.each(['commit', 'rollback'])('a write that waits for a takeover goes by how it ends: %s', async (end) => {
  const found = await testState();
  const before = await worker(found, [0, 1]);
  const successor = await found.database.client();
  await successor.query(`begin; delete from walhook.owner where slot like 'walhook/%'`);
  const write = before.parking.park([parking(delivery(1))]).catch((error: unknown) => error);
  await expect.poll(() => waiting(found.database)).toBe(1);
  await successor.query(end);
  expect(await write).toEqual(end === 'commit' ? expect.objectContaining({ code: 'fenced' }) : undefined);
  expect(await found.database.sql('select from walhook.parked')).toHaveLength(end === 'commit' ? 0 : 1);
});

test('one whose lease is over takes nothing over, and its successor goes on', async () => {
  const found = await testState();
  const late = workerState(found.state, SHARED).generation([0, 1]);
  const successor = await worker(found, [1]);
  await expect(late.takeOver(() => performance.now() + 1_000)).rejects.toMatchObject({ code: 'fenced', message: expect.stringContaining('partitions 0, 1 of slot "walhook" may not be written any more: their lease is over') });
  await expect(late.parking.park([parking(delivery(1))])).rejects.toMatchObject({ code: 'fenced' });
  await successor.parking.park([parking(delivery(2))]);
  expect(Object.keys(await holders(found.database))).toEqual(['1']);
  await late.takeOver(() => performance.now() + 60_000);
  await late.parking.park([parking(delivery(3))]);
  await expect(successor.parking.park([parking(delivery(4))])).rejects.toMatchObject({ code: 'fenced' });
});

test('one that stops in the middle of a transaction keeps its successor waiting for seconds, not for good', async () => {
  const found = await testState();
  const owner = new Ownership(open({ client: { connectionString: found.database.url }, schema: 'walhook' }), 'walhook', { parts: { name: 'walhook/stopped', numbers: [3] } });
  await owner.takeOver();
  const stopped = Promise.withResolvers<void>();
  const work = owner.transact(async (run) => {
    await run(sql`select`);
    await stopped.promise;
    await run(sql`select`);
  });
  await worker(found, [3]);
  stopped.resolve();
  await expect(work).rejects.toThrow(/connection/);
});

test('many that take over at once, with partitions in common, all get through, and each partition is one worker’s', async () => {
  const found = await testState();
  const states = [1, 2, 3, 4].map(() => workerState(open({ client: { connectionString: found.database.url }, schema: 'walhook' }), SHARED));
  for (let round = 0; round < 10; round++) {
    const parts = states.map((_, n) => [...new Set([0, 1, 2].map((part) => (part * (n + 1) + round * n) % 12))]);
    const generations = states.map((state, n) => state.generation(parts[n] ?? []));
    await Promise.all(generations.map((generation) => generation.takeOver()));
    const written = await Promise.allSettled(generations.map((generation, n) => generation.parking.park([parking(delivery(round * 4 + n + 1))])));
    const owned = parts.filter((_, n) => written[n]?.status === 'fulfilled');
    expect(owned.length).toBeGreaterThan(0);
    expect(new Set(owned.flat()).size).toBe(owned.flat().length);
    expect(await owners(found.database)).toBe(owned.length);
    await Promise.all(generations.map((generation) => generation.release()));
  }
  expect(await owners(found.database)).toBe(0);
});

test('a generation sees the parked deliveries of its lanes alone', async () => {
  const found = await testState();
  const one = await worker(found, [0, 5]);
  const other = await worker(found, [1]);
  const lanes = [0, 1, 5, 12, 13, 17, Number.MAX_SAFE_INTEGER, 2];
  await one.parking.park(lanes.map((lane, n) => parking(delivery(n + 1, { lane }), { dueIn: 60_000 })));
  await one.parking.park([parking(delivery(50, { lane: 0, endpoint: 'cra' })), parking(delivery(51, { lane: 0, endpoint: 'crn' }))]);
  // 2^53 - 1 is 7 of 12.
  expect(await ids(one)).toEqual(['id-1-0', 'id-3-0', 'id-4-0', 'id-6-0']);
  expect(await ids(other)).toEqual(['id-2-0', 'id-5-0']);
  const page = await one.parking.page({ endpoint: 'crm', lanes: [12, 13], after: null, limit: 10, bytes: 1e6 });
  expect(page.map((stored) => stored.delivery.lane)).toEqual([12]);
  const parked = await one.parking.lanes('crm', 100);
  expect(parked?.map(({ lane }) => lane).toSorted((a, b) => a - b)).toEqual([0, 5, 12, 17]);
  expect(parked?.every(({ dueIn }) => dueIn > 50_000)).toBe(true);
  expect(await one.parking.lanes('crm', 3)).toBeNull();
  expect(await one.parking.lastParked('crm')).toBe(6n << 30n);
  expect(await other.parking.lastParked('crm')).toBe(5n << 30n);
  const idle = await worker(found, [3]);
  expect([await ids(idle), await idle.parking.lanes('crm', 10), await idle.parking.lastParked('crm')]).toEqual([[], [], null]);
  expect((await idle.deliveries.list({ filter: { fate: 'parked', endpoint: 'crm' }, limit: 100, cursor: null })).deliveries).toHaveLength(8);
});

test('lanes are counted of its own partitions alone, however many others have', async () => {
  const found = await testState();
  const one = await worker(found, [11]);
  await one.parking.park(Array.from({ length: 100 }, (_, n) => parking(delivery(n + 1, { lane: n * 12 }))));
  await one.parking.park([200, 201, 202, 203].map((place) => parking(delivery(place, { lane: 1_211 }), { dueIn: (place - 199) * 60_000 })));
  const [lane, ...more] = (await one.parking.lanes('crm', 1)) ?? [];
  expect([lane?.lane, more]).toEqual([1_211, []]);
  // Of its head.
  expect(lane?.dueIn).toBeLessThanOrEqual(60_000);
  expect(await one.parking.lanes('crm', 0)).toBeNull();
  await one.parking.park([parking(delivery(204, { lane: 1_211 }))]);
  expect(await one.parking.lanes('crm', 1)).toBeNull();
  expect(await one.parking.lanes('crm', 2)).toHaveLength(1);
});

test('pages of several partitions are whole and in sequence, however unlike the partitions are', async () => {
  const found = await testState();
  const chance = random(7);
  const one = await worker(found, [0, 1, 2, 3, 4, 7, 11]);
  // Partition 0 has all at first; later each has some.
  const lanes = Array.from({ length: 900 }, (_, n) => (n < 400 ? 12 * chance.int(0, 9) : chance.int(0, 200)));
  await one.parking.park(lanes.map((lane, n) => parking(delivery(n + 1, { lane }))));
  const own = lanes.flatMap((lane, n) => ([0, 1, 2, 3, 4, 7, 11].includes(lane % 12) ? [`id-${n + 1}-0`] : []));
  for (const limit of [3, 50, 2_000]) {
    const read: string[] = [];
    for (let after: Sequence | null = null, size = limit; size === limit; ) {
      const page: Stored[] = await one.parking.page({ endpoint: 'crm', lanes: null, after, limit, bytes: 1e9 });
      read.push(...page.map(({ delivery: { id } }) => id));
      after = page.at(-1)?.delivery.sequence ?? null;
      size = page.length;
    }
    expect(read).toEqual(own);
  }
  const short = await one.parking.page({ endpoint: 'crm', lanes: null, after: null, limit: 100, bytes: 1 });
  expect(short.map(({ delivery: { id } }) => id)).toEqual(own.slice(0, 1));
});

test('a worker without partitions, and one with all, read what is theirs without its index', async () => {
  const found = await testState();
  const none = await worker(found, []);
  const all = await worker(found, Array.from({ length: 12 }, (_, n) => n));
  await all.parking.park([parking(delivery(1, { lane: 5 })), parking(delivery(2, { lane: 30 }))]);
  await found.database.sql('alter table walhook.parked rename to elsewhere');
  expect([await ids(none), await none.parking.lanes('crm', 10), await none.parking.lastParked('crm')]).toEqual([[], [], null]);
  await found.database.sql('alter table walhook.elsewhere rename to parked');
  expect([await ids(all), (await all.parking.lanes('crm', 10))?.length, await all.parking.lastParked('crm')]).toEqual([['id-1-0', 'id-2-0'], 2, 2n << 30n]);
});

test('the index of partitions is made once, by the first of several, and that of another number of partitions goes', async () => {
  const found = await testState();
  const indexes = async (): Promise<string[]> =>
    (await found.database.sql<{ name: string }>(`select indexname::text as name from pg_indexes where schemaname = 'walhook' and indexname like 'parked_part_%' order by 1`)).map(({ name }) => name);
  const others = [1, 2, 3].map(() => open({ client: { connectionString: found.database.url }, schema: 'walhook' }));
  await Promise.all(others.map((state) => indexParts(state, 12)));
  expect(await indexes()).toEqual(['parked_part_12']);
  await indexParts(found.state, 24);
  expect(await indexes()).toEqual(['parked_part_24']);
  await indexParts(found.state, 1);
  expect(await indexes()).toEqual([]);
});
