import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualTime } from '../support/virtual-time.ts';
import { DOWN, OK, Rig } from './rig.ts';

let time: VirtualTime;
beforeEach(() => {
  time = VirtualTime.install();
});
afterEach(() => time.uninstall());

/** Its breaker is open for an hour, and so is the wait of each lane; what is parked is in order. */
async function down(ids: readonly string[]): Promise<Rig> {
  const rig = new Rig({ concurrency: 1, breaker: { failures: 1, open: 3_600_000 }, retry: { initial: 3_600_000, factor: 1, max: 3_600_000, jitter: 0, attempts: 9 } });
  rig.queue.startDraining();
  rig.answer = () => DOWN;
  for (const id of ids) rig.offer(id, 1);
  await time.run(1_000);
  expect(rig.parked).toEqual(ids);
  expect(rig.attempts).toEqual([ids[0]]);
  return rig;
}

test('one delivery goes at once, the head of its lane, and the breaker closes if it arrives', async () => {
  const rig = await down(['a', 'b', 'c']);
  rig.answer = () => OK;
  expect(rig.queue.probe()).toBe(true);
  await time.run(1_000);
  expect(rig.delivered).toEqual(['a', 'b', 'c']);
  expect(rig.queue.state).toMatchObject({ mode: 'direct', condition: { state: 'active', probeIn: null } });
  expect(rig.tracker.open).toBe(0);
});

test('if it fails the breaker is open as long as ever, and nothing else went', async () => {
  const rig = await down(['a', 'b']);
  rig.queue.probe();
  await time.run(1_000);
  expect(rig.attempts).toEqual(['a', 'a']);
  expect(rig.parked).toEqual(['a', 'b']);
  expect(rig.queue.state.condition.probeIn).toBeGreaterThan(3_590_000);
});

test('one at a time, however often it is asked for', async () => {
  const rig = await down(['a', 'b']);
  rig.answer = () => null;
  for (let i = 0; i < 5; i++) {
    rig.queue.probe();
    await time.run(10);
  }
  expect(rig.attempts).toEqual(['a', 'a']);
  rig.answer = () => OK;
  rig.waiting.get('a')?.(OK);
  await time.run(1_000);
  expect(rig.delivered).toEqual(['a', 'b']);
});

test('nothing happens where the breaker is closed, or a person has paused the endpoint', async () => {
  const rig = new Rig();
  rig.queue.startDraining();
  expect(rig.queue.probe()).toBe(false);
  const paused = await down(['a']);
  await Promise.all([paused.queue.pause('by hand'), time.run(10)]);
  expect(paused.queue.probe()).toBe(false);
  await time.run(1_000);
  expect(paused.attempts).toEqual(['a']);
});

test('with nothing stored the next delivery is the probe', async () => {
  const rig = await down(['a']);
  rig.store.of('crm').forEach(({ delivery }) => void rig.store.settle({ endpoint: 'crm', delivered: [delivery.id], failed: [], dead: [] }));
  rig.answer = () => OK;
  rig.queue.probe();
  await time.run(1_000);
  rig.offer('z', 9);
  await time.run(1_000);
  expect(rig.delivered).toContain('z');
});
