import { afterEach, beforeEach, expect, test } from 'vitest';
import { WalhookError } from '../../src/errors.ts';
import { Unreadable } from '../../src/queue/unreadable.ts';
import { keyOf } from '../support/memory-parking-store.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { DOWN, OK, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

const CHANGED = new WalhookError('evt_1 was changed', { code: 'state_tampered' });
const lanes = (...wanted: number[]) => ({ lanes: wanted, after: null });
const scanned = (ordinal: number | null) => ({ lanes: null, after: ordinal === null ? null : { commitLsn: 1n, ordinal, nth: 0 } });

function watched(): { readonly unreadable: Unreadable; readonly told: (string | null)[] } {
  const told: (string | null)[] = [];
  return { told, unreadable: new Unreadable((error) => told.push(error?.message ?? null)) };
}

test('an error is told once until its lanes have been read, and again if it comes back', () => {
  const { unreadable, told } = watched();
  unreadable.read(lanes(1), true);
  for (let i = 0; i < 3; i++) unreadable.failed(lanes(1, 2), CHANGED);
  unreadable.failed(lanes(1, 2), new Error('evt_2 was changed'));
  expect(told).toEqual(['evt_1 was changed', 'evt_2 was changed']);
  unreadable.read(lanes(1), true);
  // There may have been no room for what lane 2 has.
  unreadable.read(lanes(2, 3), false);
  unreadable.read(scanned(null), true);
  expect(told).toHaveLength(2);
  unreadable.read(lanes(2), false);
  expect(told.slice(2)).toEqual([null]);
  unreadable.failed(lanes(2), CHANGED);
  expect(told.slice(3)).toEqual(['evt_1 was changed']);
});

test('what a scan over all lanes could not read is readable once the scan has passed it', () => {
  const { unreadable, told } = watched();
  unreadable.failed(scanned(7), CHANGED);
  unreadable.read(scanned(null), false);
  unreadable.read(lanes(1), true);
  expect(told).toEqual(['evt_1 was changed']);
  unreadable.read(scanned(7), false);
  expect(told).toEqual(['evt_1 was changed', null]);
  unreadable.failed(scanned(null), CHANGED);
  unreadable.read(scanned(null), false);
  expect(told.slice(2)).toEqual(['evt_1 was changed', null]);
});

test('an outage of the store is not told: the writer does', () => {
  const { unreadable, told } = watched();
  unreadable.failed(lanes(1), new WalhookError('it is down', { code: 'state_unavailable', reaction: 'retry' }));
  unreadable.read(lanes(1), true);
  expect(told).toEqual([]);
});

/** Its endpoint is down until all of it is parked, then takes everything. */
async function withTampered(ids: readonly string[], tampered: readonly string[]): Promise<Rig> {
  const rig = new Rig({ breaker: { failures: 1, open: 500 } });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (const id of ids) rig.offer(id, 1);
  await time.run(100);
  expect(rig.parked).toEqual(ids);
  for (const id of tampered) rig.store.tampered.add(id);
  rig.answer = () => OK;
  await time.run(60_000);
  return rig;
}

const told = (rig: Rig): string[] => rig.events.filter((event) => /readable/.test(event));

test('a parked delivery that cannot be read is told once however often it is tried; once it is given up the rest arrives', async () => {
  const rig = await withTampered(['a', 'b', 'c'], ['b']);
  expect(rig.delivered).toEqual([]);
  expect(told(rig)).toEqual(['unreadable: b was changed']);
  expect(rig.store.calls.get('page')).toBeGreaterThan(30);
  expect(rig.store.parked.delete(keyOf('crm', 'b'))).toBe(true);
  await rig.queue.refresh();
  await time.run(5_000);
  expect(told(rig)).toEqual(['unreadable: b was changed', 'readable']);
  expect(rig.delivered).toEqual(['a', 'c']);
  expect(rig.parked).toEqual([]);
});

test('each delivery that cannot be read is told, one after the other, and nothing after the end', async () => {
  const rig = await withTampered(['a', 'b', 'c'], ['a', 'c']);
  rig.store.tampered.delete('a');
  await time.run(5_000);
  expect(told(rig)).toEqual(['unreadable: a was changed', 'unreadable: c was changed']);
  rig.queue.abandon();
  rig.store.tampered.clear();
  await time.run(5_000);
  expect(told(rig)).toHaveLength(2);
});
