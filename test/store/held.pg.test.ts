import { expect, test } from 'vitest';
import type { DueRow, Held, Release } from '../../src/queue/port.ts';
import { claimStore } from '../../src/store/claims.ts';
import { heldStore } from '../../src/store/held.ts';
import { Ownership } from '../../src/store/owner.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { resyncOf } from '../../src/store/resync.ts';
import { delivery, DOWN } from './delivery.ts';
import { testState } from './state.ts';

const PAST = Date.UTC(2026, 0, 1, 6);
const QUERY = { grace: 0, limit: 100 };

function held(place: number, more: Partial<Held> = {}): Held {
  return { hook: 'h', endpoint: 'crm', row: 'row-1', key: { id: '1' }, dueAt: PAST, id: `id-${place}`, commitLsn: BigInt(place), ordinal: 1, ...more };
}

function sent(row: DueRow, place: number): Release {
  return { row, delivery: delivery(place), failure: null };
}

async function stores() {
  const { state, owner, database } = await testState();
  return { state, owner, database, parking: parkingStore(state, owner), store: heldStore(state, owner), claims: claimStore(owner) };
}

test('a row is held once, for its earliest time, and what the stream brings again changes nothing', async () => {
  const { parking, store, database } = await stores();
  await parking.hold([held(1), held(2, { dueAt: PAST + 1000 }), held(2, { row: 'row-2', key: { id: 'a "b"', part: 'ä' } })]);
  await parking.hold([held(1), held(3, { dueAt: PAST + 2000 })]);
  const due = await store.due('h', QUERY);
  expect(due.map(({ row, key, dueAt, commitLsn }) => ({ row, key, dueAt, commitLsn }))).toEqual([
    { row: 'row-2', key: { part: 'ä', id: 'a "b"' }, dueAt: PAST, commitLsn: 2n },
    { row: 'row-1', key: { id: '1' }, dueAt: PAST, commitLsn: 3n },
  ]);
  await store.release(due.map((row, i) => sent(row, i + 1)));
  await parking.hold([held(1), held(2), held(3, { dueAt: PAST + 2000 }), held(2, { row: 'row-2' })]);
  expect(await store.due('h', QUERY)).toEqual([]);
  expect(await database.sql(`select count(*)::int as rows, count(*) filter (where key = '{}')::int as bare from walhook.held`)).toEqual([{ rows: 2, bare: 2 }]);
  expect(await store.nextDueIn(['h'])).toBeNull();
});

test('a match that is read after its row was sent for the time is sent apart, a later one at its own time', async () => {
  const { parking, store } = await stores();
  await parking.hold([held(1)]);
  await store.release((await store.due('h', QUERY)).map((row) => sent(row, 1)));
  await parking.hold([held(2)]);
  const [late] = await store.due('h', QUERY);
  expect(late?.dueAt).toBeGreaterThan(PAST);
  await store.release((await store.due('h', QUERY)).map((row) => sent(row, 2)));
  const next = Date.now() + 3_600_000;
  await parking.hold([held(3, { dueAt: next })]);
  expect(await store.due('h', QUERY)).toEqual([]);
  const wait = await store.nextDueIn(['other', 'h']);
  expect(wait).toBeGreaterThan(3_500_000);
  expect(wait).toBeLessThan(3_700_000);
});

test('what is released is parked, buried or dropped; a row that has matched again meanwhile stays as it is', async () => {
  const { parking, store, database } = await stores();
  await parking.hold([1, 2, 3, 4].map((place) => held(place, { row: `row-${place}` })));
  const due = await store.due('h', QUERY);
  await parking.hold([held(9, { row: 'row-4' })]);
  const [first, second, third, fourth] = due;
  if (!first || !second || !third || !fourth) throw new Error('four are due');
  const releases = [sent(first, 1), { row: second, delivery: delivery(2), failure: DOWN }, { row: third, delivery: null, failure: null }, sent(fourth, 4)];
  await store.release(releases);
  // Repeated, as after an answer that was lost.
  await store.release(releases);
  expect(await database.sql('select id from walhook.parked')).toEqual([{ id: delivery(1).id }]);
  expect(await database.sql('select id, message from walhook.dead')).toEqual([{ id: delivery(2).id, message: 'HTTP 503' }]);
  expect((await store.due('h', QUERY)).map(({ row }) => row)).toEqual(['row-4']);
});

test('the first run goes on where it was, holds what it found with it, and is over once', async () => {
  const { store } = await stores();
  expect(await store.backfill('h', (now) => now - 1000)).toMatchObject({ after: null, isDone: false });
  const begun = await store.backfill('h', () => 0);
  expect(begun.dueIn).toBeLessThan(0);
  await store.advance('h', { rows: [held(1, { dueAt: begun.dueAt })], after: { id: '1' }, isLast: false });
  expect(await store.backfill('h', () => 0)).toMatchObject({ dueAt: begun.dueAt, after: { id: '1' }, isDone: false });
  await store.advance('h', { rows: [], after: null, isLast: true });
  expect(await store.backfill('h', () => 0)).toMatchObject({ after: { id: '1' }, isDone: true });
  expect(await store.due('h', QUERY)).toHaveLength(1);
});

test('what was sent is forgotten once the checkpoint is past it and an hour is over; claims, after a day', async () => {
  const { parking, store, claims, database } = await stores();
  await parking.hold([held(1), held(5, { row: 'row-2' }), held(1, { row: 'row-3', dueAt: Date.now() - 60_000 })]);
  await store.release((await store.due('h', QUERY)).map((row, i) => sent(row, i)));
  await parking.hold([held(1, { row: 'row-4' })]);
  await database.sql(`insert into walhook.checkpoint (slot, system_id, timeline, publication, lsn) values ('walhook', 1, 1, 'walhook', '0/3')`);
  await store.prune();
  expect(await database.sql('select row_hash from walhook.held order by 1')).toEqual(['row-2', 'row-3', 'row-4'].map((row_hash) => ({ row_hash })));
  const claim = { hook: 'h', endpoint: 'crm', row: 'r', id: 'a', committedAt: PAST, until: PAST + 1000 };
  await claims.claim([claim, { ...claim, row: 's' }]);
  await database.sql(`update walhook.claim set claimed_at = claimed_at - interval '25 h' where row_hash = 'r'`);
  await claims.prune();
  expect(await database.sql('select row_hash from walhook.claim')).toEqual([{ row_hash: 's' }]);
});

test('a claim outlives the day while its delivery is parked, and goes with its death, whether it was parked before or not', async () => {
  const { parking, claims, database } = await stores();
  const stored = [1, 2, 3].map((place) => ({ ...delivery(place), row: 'r' }));
  for (const [i, { id, request, row }] of stored.entries()) {
    await claims.claim([{ hook: request.hook, endpoint: request.endpoint, row, id, committedAt: PAST + i * 1000, until: PAST + (i + 1) * 1000 }]);
  }
  const [first, second, third] = stored;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  await parking.park([first, second].map((one) => ({ delivery: one, attempts: 1, failure: DOWN, dueIn: 0 })));
  await parking.bury([{ delivery: third, attempts: 1, failure: DOWN }]);
  await database.sql(`update walhook.claim set claimed_at = claimed_at - interval '25 h'`);
  await claims.prune();
  const left = () => database.sql('select id from walhook.claim order by committed_at');
  expect(await left()).toEqual([{ id: first.id }, { id: second.id }]);
  await parking.settle({ endpoint: first.request.endpoint, delivered: [], failed: [], dead: [{ id: first.id, attempts: 2, failure: DOWN }] });
  expect(await left()).toEqual([{ id: second.id }]);
});

test('claims: granted by commit times, to the same delivery again, and never by one who was replaced', async () => {
  const { state, claims } = await stores();
  const claim = (id: string, seconds: number, row = 'r') => ({ hook: 'h', endpoint: 'crm', row, id, committedAt: PAST + seconds * 1000, until: PAST + (seconds + 60) * 1000 });
  expect(await claims.claim([claim('a', 0), claim('a', 0, 's')])).toEqual([true, true]);
  expect(await claims.claim([claim('b', 59.999), claim('a', 0, 's'), claim('a', 0, 't')])).toEqual([false, true, true]);
  expect(await claims.claim([claim('c', 60)])).toEqual([true]);
  // What was granted stays so; what was committed between the two has no room, what was long before has.
  expect(await claims.claim([claim('a', 0)])).toEqual([true]);
  expect(await claims.claim([claim('between', 30)])).toEqual([false]);
  expect(await claims.claim([claim('before', -60)])).toEqual([true]);
  const successor = new Ownership(state, 'walhook', { holder: 'another' });
  await successor.takeOver();
  await expect(claims.claim([claim('d', 600)])).rejects.toMatchObject({ code: 'fenced' });
  expect(await claimStore(successor).claim([claim('d', 600)])).toEqual([true]);
});

test('a resync keeps what is due, and forgets places that cannot be compared', async () => {
  const { parking, store, owner, database } = await stores();
  await parking.hold([held(7), held(8, { row: 'row-2' })]);
  const [first] = await store.due('h', QUERY);
  if (!first) throw new Error('one is due');
  await store.release([{ row: first, delivery: { ...delivery(1), sequence: { commitLsn: 0n, ordinal: first.serial, nth: 0 } }, failure: null }]);
  await resyncOf(owner).renumberParked();
  expect(await database.sql('select row_hash, commit_lsn::text as lsn from walhook.held')).toEqual([{ row_hash: 'row-2', lsn: '0/0' }]);
  expect(await database.sql('select commit_lsn::text as lsn from walhook.parked')).toEqual([{ lsn: '0/0' }]);
  await parking.hold([held(1, { row: 'row-2' })]);
  expect(await store.due('h', QUERY)).toMatchObject([{ row: 'row-2', commitLsn: 1n }]);
});
