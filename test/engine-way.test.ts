import { expect, test } from 'vitest';
import type { Config } from '../src/config.ts';
import { shareOf } from '../src/engine-way.ts';
import { Pace } from '../src/queue/pace.ts';

const CONFIG = { engine: { kafka: { partitions: 24 } }, endpoints: [{ name: 'crm', rate: 120, concurrency: 4 }, { name: 'free', rate: null, concurrency: 4 }] } as unknown as Config;

function rates(parts: number): (number | null)[] {
  return shareOf(CONFIG, parts).endpoints.map(({ rate }) => rate);
}

test('a worker has the part of a rate that it has of the partitions, and all of them together have the whole', () => {
  expect(rates(24)).toEqual([120, null]);
  expect(rates(6)).toEqual([30, null]);
  for (const shares of [[24], [5, 5, 5, 5, 4], [23, 1, 0]]) {
    const sum = shares.filter((parts) => parts > 0).reduce((total, parts) => total + (rates(parts)[0] ?? 0), 0);
    expect(sum).toBeCloseTo(120);
  }
  // What is each worker's stays.
  expect(shareOf(CONFIG, 6).endpoints.map(({ concurrency }) => concurrency)).toEqual([4, 4]);
});

test('a worker without partitions has a pace that can be waited by', () => {
  const [rate = null] = rates(0);
  expect(rate).toBe(5);
  const pace = new Pace(rate);
  pace.sent(0);
  expect(pace.wait(0)).toBeLessThanOrEqual(200);
});
