import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextAttemptIn } from '../../src/queue/retry.ts';

const config = { initial: 5000, factor: 3, max: 3_600_000, jitter: 0, attempts: 12 };

test('waits grow by the factor up to the longest', () => {
  const waits = Array.from({ length: 12 }, (_, i) => nextAttemptIn(config, i + 1, null, 0.5));
  expect(waits).toEqual([5000, 15_000, 45_000, 135_000, 405_000, 1_215_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000, 3_600_000, null]);
});

test('jitter goes to both sides', () => {
  const jittered = { ...config, jitter: 0.2 };
  expect(nextAttemptIn(jittered, 1, null, 0)).toBe(4000);
  expect(nextAttemptIn(jittered, 1, null, 1)).toBe(6000);
});

test('an endpoint that asks for more time gets it, and is not attempted sooner', () => {
  expect(nextAttemptIn(config, 1, 60_000, 0.5)).toBe(60_000);
  expect(nextAttemptIn(config, 1, 10, 0.5)).toBe(5000);
});

test('Retry-After does not give an attempt more than the schedule has', () => {
  expect(nextAttemptIn(config, 12, 60_000, 0.5)).toBeNull();
});

test('is always a whole number of milliseconds within the bounds', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
      const wait = nextAttemptIn({ ...config, jitter: 1, attempts: 2000 }, attempts, null, random);
      expect(wait).toSatisfy((ms: number) => Number.isInteger(ms) && ms >= 0 && ms <= 2 * config.max);
    }),
  );
});
