import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Outcome } from '../../src/outcome.ts';
import { WELL } from '../../src/queue/port.ts';
import { keyOf, MemoryParkingStore } from '../support/memory-parking-store.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { DOWN, failed, OK, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

function rigOf(endpoint: ConstructorParameters<typeof Rig>[0] = {}, store = new MemoryParkingStore()): Rig {
  const rig = new Rig(endpoint, { store });
  rig.queue.startDraining();
  return rig;
}

const GONE: Outcome = { ...failed(410), verdict: 'disable', message: 'the endpoint answered 410' };

test('an endpoint that asks to be disabled gets nothing more, and keeps its deliveries, this one too', async () => {
  const rig = rigOf({ concurrency: 1 });
  rig.answer = () => GONE;
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  await time.run(100_000);
  expect(rig.attempts).toEqual(['0']);
  expect(rig.parked).toEqual(['0', '1', '2', '3', '4']);
  expect(rig.tracker.open).toBe(0);
  expect(rig.events).toContain('disabled');
  expect(rig.store.conditions.get('crm')).toMatchObject({ state: 'disabled', reason: 'the endpoint answered 410' });

  rig.answer = () => OK;
  await Promise.all([rig.queue.resume(), time.run(1000)]);
  expect(rig.delivered).toEqual(['0', '1', '2', '3', '4']);
  expect(rig.store.conditions.get('crm')).toEqual(WELL);
});

test('an endpoint may be disabled with a delivery that it takes', async () => {
  const rig = rigOf({ concurrency: 1 });
  rig.answer = () => ({ ...OK, disable: true }) as Outcome;
  rig.offer('a', 1);
  rig.offer('b', 2);
  await time.run(1000);
  expect(rig.delivered).toEqual(['a']);
  expect(rig.parked).toEqual(['b']);
});

test('no delivery dies while its endpoint is disabled, whatever its attempts', async () => {
  const rig = rigOf({ retry: { initial: 1, factor: 1, max: 1, jitter: 0, attempts: 1 }, concurrency: 2 });
  rig.answer = ({ id }) => (id === 'a' ? GONE : null);
  rig.offer('a', 1);
  rig.offer('b', 2);
  await time.run(100);
  rig.waiting.get('b')?.(failed(400));
  await time.run(100);
  expect(rig.parked).toEqual(['a', 'b']);
  expect(rig.store.dead.size).toBe(0);
});

test('a response that gives the delivery up makes a dead letter of it at the first attempt', async () => {
  const rig = rigOf();
  rig.answer = ({ id }) => (id === 'a1' ? { ...failed(400), verdict: 'dead' } : OK);
  rig.offer('a1', 1);
  rig.offer('a2', 1);
  await time.run(100);
  expect(rig.attempts).toEqual(['a1', 'a2']);
  expect([...rig.store.dead.keys()]).toEqual([keyOf('crm', 'a1')]);
});

test('a paused endpoint parks what comes, over restarts, until it is resumed', async () => {
  const store = new MemoryParkingStore();
  const first = rigOf({}, store);
  await Promise.all([first.queue.pause('maintenance'), time.run(10)]);
  first.offer('a', 1);
  await time.run(1000);
  expect(first.attempts).toEqual([]);

  const second = new Rig({}, { store });
  await Promise.all([second.queue.restore(), time.run(10)]);
  second.queue.startDraining();
  second.offer('b', 1);
  await time.run(100_000);
  expect(second.attempts).toEqual([]);
  expect(second.queue.state.condition).toMatchObject({ state: 'paused', reason: 'maintenance' });
  await Promise.all([second.queue.resume(), time.run(1000)]);
  expect(second.delivered).toEqual(['a', 'b']);
});

test('an open breaker outlives a restart: nothing is sent before its time is over, then one as a probe', async () => {
  const store = new MemoryParkingStore();
  const first = rigOf({ breaker: { failures: 3, open: 30_000 } }, store);
  first.answer = () => DOWN;
  for (let i = 0; i < 5; i++) first.offer(`${i}`, i);
  await time.run(1000);
  const { attempts } = first;
  expect(store.conditions.get('crm')?.probeIn).toBeGreaterThan(25_000);

  const second = new Rig({ breaker: { failures: 3, open: 30_000 } }, { store });
  second.answer = () => null;
  await Promise.all([second.queue.restore(), time.run(10)]);
  second.queue.startDraining();
  await time.run(25_000);
  expect(second.attempts).toEqual([]);
  await time.run(10_000);
  expect(second.attempts).toHaveLength(1);
  expect(attempts.length).toBeGreaterThan(2);
});

test('an endpoint that answers 429 with Retry-After is left alone altogether for that time', async () => {
  const rig = rigOf({ concurrency: 1 });
  rig.answer = () => failed(429, 20_000);
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  await time.run(19_000);
  expect(rig.attempts).toEqual(['0']);
  expect(rig.parked).toHaveLength(5);
  rig.answer = () => OK;
  await time.run(10_000);
  expect(new Set(rig.delivered)).toEqual(new Set(['0', '1', '2', '3', '4']));
});

test('no endpoint can ask to be left alone for longer than a delivery may have to wait', async () => {
  const rig = rigOf({ concurrency: 1, retry: { initial: 1000, factor: 2, max: 60_000, jitter: 0, attempts: 4 } });
  rig.answer = ({ id }) => (id === '0' ? failed(503, 86_400_000) : OK);
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  await time.run(61_000);
  expect(rig.delivered).toEqual(['1', '2', '3', '4']);
});

test('an endpoint that gets too much gets less, and more again as it takes it', async () => {
  const rig = rigOf({ concurrency: 16, breaker: { failures: 1000, open: 500 } });
  rig.answer = ({ id }) => (id === 'first' ? failed(429) : null);
  rig.offer('first', 0);
  for (let i = 1; i < 40; i++) rig.offer(`${i}`, i);
  await time.run(10);
  expect(rig.queue.state.slowed).toBe(true);
  expect(rig.most).toBe(16);
  for (const [, finish] of [...rig.waiting].slice(0, 12)) finish(OK);
  await time.run(10);
  // Half of 16, and a little more for the twelve successes.
  expect(rig.waiting.size).toBeLessThan(11);
  rig.answer = () => OK;
  for (const [, finish] of rig.waiting) finish(OK);
  await time.run(2_000);
  expect(rig.delivered).toHaveLength(40);
});

test('a probe waits for the breaker alone, however often the endpoint has said that it gets too much', async () => {
  const retry = { initial: 100, factor: 1, max: 100, jitter: 0, attempts: 1000 };
  const rig = rigOf({ concurrency: 16, breaker: { failures: 1, open: 500 }, retry });
  rig.answer = () => failed(503);
  for (let i = 0; i < 5; i++) rig.offer(`${i}`, i);
  await time.run(30_000);
  const before = rig.attempts.length;
  await time.run(5_500);
  expect(rig.attempts.length - before).toBeGreaterThanOrEqual(10);
});

test('an endpoint that has failed for days without a success is disabled, over restarts', async () => {
  const store = new MemoryParkingStore();
  const retry = { initial: 1000, factor: 1, max: 1000, jitter: 0, attempts: 1000 };
  const endpoint = { disable_after: 60_000, breaker: { failures: 1, open: 1000 }, concurrency: 1, retry };
  const first = rigOf(endpoint, store);
  first.answer = () => DOWN;
  first.offer('a', 1);
  await time.run(40_000);
  expect(first.queue.state.condition.state).toBe('active');
  await Promise.all([first.queue.close({ spill: AbortSignal.abort(), abandon: AbortSignal.abort() }), time.run(10)]);

  const second = new Rig(endpoint, { store });
  second.answer = () => DOWN;
  await Promise.all([second.queue.restore(), time.run(10)]);
  second.queue.startDraining();
  await time.run(30_000);
  expect(second.queue.state.condition).toMatchObject({ state: 'disabled' });
  expect(second.events).toContain('disabled');
  expect(second.parked).toEqual(['a']);
});

test('what someone else put into the store is read in its place', async () => {
  const rig = rigOf();
  rig.answer = ({ id }) => (id === 'a2' ? failed(400) : OK);
  const dead = rig.delivery('a1', 1);
  rig.offer('a2', 1);
  rig.offer('a3', 1);
  await time.run(10);
  expect(rig.parked).toEqual(['a2', 'a3']);
  await Promise.all([rig.store.park([{ delivery: dead, attempts: 0, failure: null, dueIn: 0 }]), time.run(10)]);
  rig.answer = () => OK;
  await Promise.all([rig.queue.refresh(), time.run(100)]);
  expect(rig.delivered).toEqual(['a1', 'a2', 'a3']);
});
