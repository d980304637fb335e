import { afterEach, beforeEach, expect, test } from 'vitest';
import { ReadAhead } from '../../src/queue/read-ahead.ts';
import { VirtualTime } from '../support/virtual-time.ts';

let time: VirtualTime;
let told: string[];
let ahead: ReadAhead;
const events = { onEnough: () => void told.push('enough'), onMore: () => void told.push('more') };
beforeEach(() => {
  time = VirtualTime.install();
  told = [];
  ahead = new ReadAhead({ name: 'crm', batch: null }, events);
});
afterEach(() => time.uninstall());

test('reading rests while plenty is ready that will be sent soon, and goes on when half of it is', () => {
  ahead.grown(400, { perSecond: () => 20_000 });
  expect(told).toEqual([]);
  ahead.grown(600, { perSecond: () => 20_000 });
  ahead.grown(700, { perSecond: () => 20_000 });
  expect(told).toEqual(['enough']);
  ahead.shrunk(300);
  expect(told).toEqual(['enough']);
  ahead.shrunk(200);
  ahead.shrunk(100);
  expect(told).toEqual(['enough', 'more']);
});

test('an endpoint that takes long over what it has lets the others have theirs', () => {
  ahead.grown(5_000, { perSecond: () => 100 });
  ahead.grown(5_000, { perSecond: () => 0 });
  expect(told).toEqual([]);
});

test('an endpoint that stalls holds reading up for a moment only', async () => {
  ahead.grown(600, { perSecond: () => 20_000 });
  await time.run(1_000);
  expect(told).toEqual(['enough', 'more']);
  expect(time.pending).toBe(0);
});

test('with batches more is read ahead', () => {
  const batches = new ReadAhead({ name: 'crm', batch: { size: 1_000, bytes: 1_000_000, linger: 50 } }, events);
  batches.grown(4_000, { perSecond: () => 200_000 });
  expect(told).toEqual([]);
  batches.grown(5_000, { perSecond: () => 200_000 });
  expect(told).toEqual(['enough']);
  batches.stop();
});
