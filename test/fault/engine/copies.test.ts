import { expect, test } from 'vitest';
import { producedAgain, type TopicRecord } from './copies.ts';

function record(offset: bigint, timestamp: number, id = 'x'): TopicRecord {
  return { endpoint: 'crm', id, partition: 3, offset, timestamp };
}

test('what a tail had produced shortly before it was killed may be in the topic twice', () => {
  const records = [record(0n, 4_000), record(1n, 4_100, 'y'), record(2n, 6_000)];
  expect(producedAgain(records, [{ who: 'tail-1', at: 5_000 }])).toEqual({ counts: new Map([['crm x', 2]]), again: 1, excess: [] });
});

test('what it had produced long before may not', () => {
  expect(producedAgain([record(0n, 1_000), record(1n, 6_000)], [{ who: 'tail-1', at: 5_000 }]).excess).toEqual(['crm x was produced again at 3/1, 5000 ms after 3/0, and that was 4000 ms before tail-1 was killed']);
});

test('a tail that was not killed produces nothing twice', () => {
  expect(producedAgain([record(0n, 1_000), record(1n, 2_000)], [{ who: 'tail-1', at: 5_000 }]).excess).toEqual(['crm x was produced again at 3/1, 1000 ms after 3/0, and no tail had been killed']);
});
