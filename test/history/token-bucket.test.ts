import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TokenBucket } from '../../src/history/token-bucket.ts';

test('in no time are there more than the rate and the burst allow', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 50 }), fc.array(fc.nat({ max: 100 }), { maxLength: 300 }), (rate, burst, gaps) => {
      const bucket = new TokenBucket(rate, burst);
      let now = 1_000;
      const begin = now;
      let taken = 0;
      for (const gap of gaps) {
        now += gap;
        if (bucket.take(now)) taken++;
        // It may be full at the first look, and again at the first time that it is empty.
        expect(taken).toBeLessThanOrEqual(2 * burst + (rate * (now - begin)) / 1000 + 1);
      }
    }),
  );
});

test('after it has been empty, each token takes its time', () => {
  const bucket = new TokenBucket(10, 2);
  const at = (...times: number[]): boolean[] => times.map((now) => bucket.take(now));
  expect(at(1_000, 1_000)).toEqual([true, true]);
  bucket.take(1_000);
  while (bucket.take(1_000));
  expect(at(1_050, 1_100, 1_110, 1_200)).toEqual([false, true, false, true]);
});

test('a clock that is set back gives nothing', () => {
  const bucket = new TokenBucket(10, 1);
  while (bucket.take(5_000));
  expect(bucket.take(1_000)).toBe(false);
  expect(bucket.take(1_100)).toBe(true);
});
