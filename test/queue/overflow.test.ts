import { expect, test } from 'vitest';
import { overflows, type QueueLoad } from '../../src/queue/overflow.ts';

const load: QueueLoad = { queued: 1000, rate: 5000, stalled: 0, neighbours: true };

test.for<[string, Partial<QueueLoad>, boolean]>([
  ['is fast', {}, false],
  ['needs more than a second for its queue', { rate: 900 }, true],
  ['needs more than a second, but is alone', { rate: 900, neighbours: false }, false],
  ['needs more than half a minute, and is alone', { rate: 30, neighbours: false }, true],
  ['has just begun', { rate: 0 }, false],
  ['has completed nothing for more than a second', { rate: 0, stalled: 1001 }, true],
  ['has completed nothing for more than a second, but is alone', { rate: 0, stalled: 1001, neighbours: false }, false],
])('an endpoint that %s', ([, changes, expected]) => {
  expect(overflows({ ...load, ...changes })).toBe(expected);
});
