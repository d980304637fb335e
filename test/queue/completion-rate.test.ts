import { expect, test } from 'vitest';
import { CompletionRate } from '../../src/queue/completion-rate.ts';

test('counts what completes a second, by whole windows', () => {
  const rate = new CompletionRate(0);
  for (let now = 0; now < 1000; now += 10) rate.completed(now);
  expect(rate.perSecond(1000)).toBeCloseTo(100, -1);
});

test('goes down to nothing when nothing completes', () => {
  const rate = new CompletionRate(0);
  for (let now = 0; now < 1000; now += 10) rate.completed(now);
  rate.perSecond(1000);
  expect(rate.perSecond(2000)).toBe(0);
});

test('is stalled since the last completion, or since the queue began to fill', () => {
  const rate = new CompletionRate(0);
  rate.completed(100);
  expect(rate.stalled(400)).toBe(300);
  rate.began(5000);
  expect(rate.stalled(5010)).toBe(10);
});

test('a time without anything to send is no slowness: what comes after it is measured by itself', () => {
  const rate = new CompletionRate(0);
  for (let now = 0; now < 1000; now += 10) rate.completed(now);
  rate.perSecond(1000);
  rate.began(600_000);
  for (let now = 600_000; now < 600_500; now++) rate.completed(now);
  expect(rate.perSecond(600_500)).toBe(0);
  for (let now = 600_500; now < 601_000; now++) rate.completed(now);
  expect(rate.perSecond(601_000)).toBeCloseTo(1000, -1);
});
