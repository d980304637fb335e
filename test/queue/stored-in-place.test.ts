import { afterEach, beforeEach, expect, test } from 'vitest';
import { keyOf } from '../support/memory-parking-store.ts';
import { VirtualTime } from '../support/virtual-time.ts';
import { failed, OK, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

/** Three lanes, of which `a` hangs: `a1` is being sent, `a2` waits behind it. */
async function hanging(): Promise<Rig> {
  const rig = new Rig({ concurrency: 4 });
  rig.queue.startDraining();
  rig.answer = ({ id }) => (id === 'a1' ? null : OK);
  for (const id of ['a1', 'a2', 'b1', 'c1']) rig.offer(id, id.charCodeAt(0));
  await time.run(50);
  expect(rig.delivered).toEqual(['b1', 'c1']);
  rig.queue.parkLate(4);
  await time.run(50);
  return rig;
}

test('an attempt that hangs is parked with its lane, and holds the position no more', async () => {
  const rig = await hanging();
  expect(rig.parked).toEqual(['a1', 'a2']);
  expect(rig.tracker.open).toBe(0);
  expect(rig.attempts).toEqual(['a1', 'b1', 'c1']);
});

test('if it is delivered after all it is not sent again, and its lane goes on in order', async () => {
  const rig = await hanging();
  rig.offer('a3', 'a'.charCodeAt(0));
  await time.run(50);
  expect(rig.parked).toEqual(['a1', 'a2', 'a3']);
  rig.waiting.get('a1')?.(OK);
  await time.run(1000);
  expect(rig.attempts).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  expect(rig.parked).toEqual([]);
  expect(rig.queue.state).toMatchObject({ queued: 0, blocked: 0, mode: 'direct' });
});

test('if it fails it is tried again by its schedule, before what waits behind it', async () => {
  const rig = await hanging();
  rig.waiting.get('a1')?.(failed(500));
  await time.run(500);
  expect(rig.parked).toEqual(['a1', 'a2']);
  rig.answer = () => OK;
  await time.run(1000);
  expect(rig.delivered).toEqual(['b1', 'c1', 'a1', 'a2']);
});

test('if it gives up it is a dead letter, once, and its lane goes on', async () => {
  const rig = await hanging();
  rig.waiting.get('a1')?.({ ...failed(400), verdict: 'dead' });
  await time.run(1000);
  expect([...rig.store.dead.keys()]).toEqual([keyOf('crm', 'a1')]);
  expect(rig.delivered).toEqual(['b1', 'c1', 'a2']);
  expect(rig.parked).toEqual([]);
});

test('a delivery whose death is being stored is not parked besides', async () => {
  const rig = new Rig();
  rig.queue.startDraining();
  rig.answer = () => ({ ...failed(400), verdict: 'dead' });
  let stored = (): void => undefined;
  rig.store.before = (method) => (method === 'bury' ? new Promise((resolve) => (stored = resolve)) : undefined);
  rig.offer('a1', 1);
  rig.offer('a2', 1);
  await time.run(50);
  rig.queue.parkLate(2);
  await time.run(50);
  rig.store.before = () => undefined;
  rig.answer = () => OK;
  stored();
  await time.run(1000);
  expect(rig.parked).toEqual([]);
  expect([...rig.store.dead.keys()]).toEqual([keyOf('crm', 'a1')]);
  expect(rig.delivered).toEqual(['a2']);
  expect(rig.tracker.open).toBe(0);
});

test('a lane that is long is parked too when others have passed it by', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => null;
  for (let i = 0; i < 6; i++) rig.offer(`${i}`, i % 2);
  await time.run(10);
  rig.queue.parkLate(2);
  await time.run(10);
  expect(rig.parked).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(rig.tracker.open).toBe(0);
  rig.answer = () => OK;
  rig.waiting.get('0')?.(OK);
  await time.run(1000);
  expect(rig.parked).toEqual([]);
  expect(rig.delivered.filter((id) => Number(id) % 2 === 0)).toEqual(['0', '2', '4']);
  expect(rig.delivered.filter((id) => Number(id) % 2 === 1)).toEqual(['1', '3', '5']);
});

test('close does not wait for an attempt that hangs longer than it may: it is stored', async () => {
  const rig = new Rig({ concurrency: 1 });
  rig.queue.startDraining();
  rig.answer = () => null;
  rig.offer('a1', 1);
  rig.offer('a2', 1);
  const spill = new AbortController();
  const abandon = new AbortController();
  let isClosed = false;
  void rig.queue.close({ spill: spill.signal, abandon: abandon.signal }).then(() => (isClosed = true));
  await time.run(10);
  spill.abort();
  await time.run(100);
  expect(isClosed).toBe(false);
  expect(rig.parked).toEqual(['a2']);
  abandon.abort();
  expect(await time.until(() => isClosed, 1000)).toBe(true);
  expect(rig.parked).toEqual(['a1', 'a2']);
  expect(rig.tracker.open).toBe(0);
});
