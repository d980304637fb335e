import { expect, test } from 'vitest';
import { estimated, Speed } from '../../src/backfill/speed.ts';

test('the rate is that of late', () => {
  const speed = new Speed();
  expect(speed.perSecond(0)).toBeNull();
  speed.sample(100, 0);
  expect(speed.perSecond(10)).toBeNull();
  speed.sample(200, 1000);
  expect(speed.perSecond(1000)).toBe(100);
  for (let at = 2000; at <= 30_000; at += 1000) speed.sample(200 + at, at);
  expect(Math.round(speed.perSecond(30_000) ?? 0)).toBe(1000);
  speed.rest();
  expect(speed.perSecond(30_000)).toBeNull();
});

test('an estimate is never below what is done, and at the end it is that', () => {
  expect(estimated(1000, { done: 10, isLast: false })).toBe(1000);
  expect(estimated(1000, { done: 2000, isLast: false })).toBe(2200);
  expect(estimated(1000, { done: 20, isLast: true })).toBe(20);
  expect(estimated(null, { done: 20, isLast: false })).toBeNull();
});
