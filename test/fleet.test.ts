import { expect, test } from 'vitest';
import { type FleetPartition, fleetWorkers, spareWorkers } from '../src/fleet.ts';

const partition = (number: number, worker: string | null): FleetPartition => ({ topic: 'walhook', partition: number, worker, committed: 0, end: 0, lag: 0 });

function spare(workers: readonly (string | null)[], names: readonly string[]): string | null {
  const partitions = workers.map((worker, number) => partition(number, worker));
  return spareWorkers({ partitions, workers: fleetWorkers(partitions, names) });
}

test('workers that are too many are told, and those that have nothing for a moment are not', () => {
  expect(spare(['a', 'b'], ['a', 'b', 'c'])).toBe('there are more workers (3) than partitions (2): 1 of them idles, and takes over when another one goes');
  expect(spare(['a'], ['a', 'b', 'c'])).toContain('2 of them idle, and take over');
  // While they are dealt.
  expect(spare([null, null, null], ['a', 'b'])).toBeNull();
  expect(spare(['a', 'a'], ['a', 'b'])).toBeNull();
  // No topic yet, or one that the broker does not tell of.
  expect(spare([], ['a'])).toBeNull();
});
