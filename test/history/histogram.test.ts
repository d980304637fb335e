import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from '../../src/history/histogram.ts';

const times = fc.array(fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.double({ min: 0, max: 1e7, noNaN: true })), { minLength: 1, maxLength: 200 });

test('a quantile is within a quarter of what it is', () => {
  fc.assert(
    fc.property(times, fc.constantFrom(0.5, 0.95, 1), (all, part) => {
      const histogram = new Histogram();
      for (const ms of all) histogram.add(ms);
      const exact = all.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(part * all.length) - 1)] ?? 0;
      const told = histogram.quantile(part) ?? Number.NaN;
      expect(Math.abs(told - exact)).toBeLessThanOrEqual(exact * 0.26 + 1 / 16);
    }),
  );
});

test('counts below powers of two, count and sum are those of all that was added', () => {
  fc.assert(
    fc.property(times, fc.integer({ min: 0, max: 22 }), (all, power) => {
      const histogram = new Histogram();
      for (const ms of all) histogram.add(ms);
      expect(histogram.below(2 ** power)).toBe(all.filter((ms) => ms < 2 ** power).length);
      expect(histogram.count).toBe(all.length);
      expect(histogram.sum).toBeCloseTo(all.reduce((a, b) => a + b, 0), 3);
    }),
  );
});

test('quantiles are those of the last five minutes, the rest is of all time', () => {
  const histogram = new Histogram();
  expect(histogram.quantile(0.5)).toBeNull();
  histogram.add(10);
  histogram.turn(5);
  expect(histogram.quantile(0.5)).not.toBeNull();
  histogram.turn(1);
  expect(histogram.quantile(0.5)).toBeNull();
  histogram.add(1_000);
  histogram.turn(100);
  expect(histogram.quantile(0.5)).toBeNull();
  expect(histogram.count).toBe(2);
});

test('days are counted, however many', () => {
  const histogram = new Histogram();
  histogram.add(86_400_000 * 30);
  expect(histogram.below(2 ** 22)).toBe(0);
  expect(histogram.quantile(0.5)).toBeGreaterThan(86_400_000);
});
