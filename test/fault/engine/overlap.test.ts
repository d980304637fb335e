import { expect, test } from 'vitest';
import { type LaneRequest, overlaps } from './overlap.ts';

function request(worker: string, from: number, until: number, row = 1): LaneRequest {
  return { row, worker, name: `data_update ${from}`, from, until };
}

test('a lane that goes from one worker to another, once what was sent is over, is in one at a time', () => {
  expect(overlaps([request('a', 0, 10), request('a', 10, 20), request('b', 20, 30), request('a', 35, 40)])).toEqual([]);
});

test('two workers that send to one row at the same time are found, whichever request was the long one', () => {
  expect(overlaps([request('a', 0, 100), request('a', 5, 10), request('b', 50, 60)])).toEqual(['row 1: b sent data_update 50 50 ms after a had sent data_update 0, which was open for 100 ms']);
});

test('requests of one worker, and of different rows, are none of it', () => {
  expect(overlaps([request('a', 0, 100), request('a', 50, 60), request('b', 50, 60, 2)])).toEqual([]);
});
