import { expect, test } from 'vitest';
import { median, percentile, ratio, spread } from '../../bench/statistics.ts';

test('a spread has the median and both ends', () => {
  expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, rounds: 3 });
});

test('the median is one of the values', () => {
  expect(median([1, 2, 3, 4])).toBe(3);
  expect(median([])).toBeNaN();
});

test('a percentile is the nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, n) => 100 - n);
  expect(percentile(values, 0.5)).toBe(50);
  expect(percentile(values, 0.99)).toBe(99);
  expect(percentile([7], 0.99)).toBe(7);
  expect(percentile([1, 2], 0)).toBe(1);
});

test('a ratio is that of the medians, with the least and the greatest of a round', () => {
  expect(ratio([80, 90, 100], [100, 100, 200])).toEqual({ median: 0.9, min: 0.5, max: 0.9, rounds: 3 });
});
