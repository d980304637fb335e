import { expect, test } from 'vitest';
import { checkpointStore, loadCheckpoint } from '../../src/store/checkpoint.ts';
import { parkingStore } from '../../src/store/parking.ts';
import { resyncOf } from '../../src/store/resync.ts';
import { delivery, DOWN, parking } from './delivery.ts';
import { testState } from './state.ts';

const STREAM = { systemId: '7710553052428406805', timeline: 2, publication: 'walhook' };

test('a checkpoint is replaced by an earlier one, and forgotten', async () => {
  const { state, owner } = await testState();
  await checkpointStore(owner, STREAM).save({ lsn: 300n, within: { commitLsn: 400n, ordinal: 7 } });
  const stored = { ...STREAM, publication: 'other', position: { lsn: 200n, within: null } };
  await resyncOf(owner).replaceCheckpoint(stored);
  expect(await loadCheckpoint(state, 'walhook')).toEqual(stored);
  await resyncOf(owner).forgetCheckpoint();
  expect(await loadCheckpoint(state, 'walhook')).toBeNull();
  await resyncOf(owner).replaceCheckpoint(stored);
  expect(await loadCheckpoint(state, 'walhook')).toEqual(stored);
});

test('renumbered deliveries keep their order, the dead among the parked, and come before any LSN', async () => {
  const { state, owner, database } = await testState();
  const store = parkingStore(state, owner);
  await store.park([9, 2, 300, 5].map((place) => parking(delivery(place))));
  await store.park([parking(delivery(9, { nth: 3 })), parking(delivery(9, { endpoint: 'billing' }))]);
  await store.bury([delivery(4), delivery(9, { nth: 2 })].map((item) => ({ delivery: item, attempts: 1, failure: DOWN })));
  const rows = async (): Promise<string[]> =>
    (
      await database.sql(`select endpoint || ' ' || id || ' ' || commit_lsn as row from (
        select endpoint, id, commit_lsn, ordinal, nth from walhook.parked union all select endpoint, id, commit_lsn, ordinal, nth from walhook.dead) as stored
        order by endpoint, commit_lsn, ordinal, nth`)
    ).map((row) => String(row['row']));
  const renumbered = ['billing id-9-0 0/1', 'crm id-2-0 0/1', 'crm id-4-0 0/2', 'crm id-5-0 0/3', 'crm id-9-0 0/4', 'crm id-9-2 0/4', 'crm id-9-3 0/4', 'crm id-300-0 0/5'];
  expect(await resyncOf(owner).renumberParked()).toBe(8);
  expect(await rows()).toEqual(renumbered);
  expect(await resyncOf(owner).renumberParked()).toBe(0);
  expect(await rows()).toEqual(renumbered);
  await store.park([parking(delivery(1))]);
  expect(await resyncOf(owner).renumberParked()).toBe(1);
  expect((await rows()).at(-1)).toBe('crm id-1-0 0/6');
});
