import { expect, test } from 'vitest';
import { PartitionQueue } from '../../src/kafka/partition-queue.ts';

function queueOf(limit: number, ...values: readonly string[]) {
  const queue = new PartitionQueue(0);
  const told: string[] = [];
  const add = (value: string): void => queue.add({ partition: 0, key: '1', value, header: '' }, { taken: () => void told.push(value), tooLarge: () => undefined }, limit);
  for (const value of values) add(value);
  const head = (): string[] | undefined => queue.head()?.records().map(({ value }) => value);
  /** All heads in turn, each done. */
  const all = (): string[][] => {
    const heads: string[][] = [];
    for (let next = head(); next !== undefined; next = head()) {
      heads.push(next);
      for (const parcel of queue.head()?.parcels ?? []) parcel.taken();
      queue.done();
    }
    return heads;
  };
  return { queue, add, head, all, told };
}

test('the head stays until it is done; what comes meanwhile is behind it', () => {
  const { queue, add, head } = queueOf(10_000, 'a', 'b');
  expect(head()).toEqual(['a', 'b']);
  add('c');
  expect(head()).toEqual(['a', 'b']);
  queue.done();
  expect(head()).toEqual(['c']);
  queue.done();
  expect(head()).toBeUndefined();
});

test('a batch keeps to the limit, but for a single record', () => {
  expect(queueOf(200, 'x'.repeat(500), 'y', 'z').all()).toEqual([['x'.repeat(500)], ['y', 'z']]);
});

test('a head that is split goes in smaller ones, in order, each record with its parcel, before what came later', () => {
  const { queue, add, all, told, head } = queueOf(10_000, 'a'.repeat(100), 'b'.repeat(100), 'c');
  expect(head()).toHaveLength(3);
  add('d');
  queue.split(250);
  expect(all()).toEqual([['a'.repeat(100)], ['b'.repeat(100), 'c'], ['d']]);
  expect(told).toEqual(['a'.repeat(100), 'b'.repeat(100), 'c', 'd']);
});
