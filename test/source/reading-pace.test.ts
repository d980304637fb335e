import { expect, test } from 'vitest';
import { ReadingPace } from '../../src/source/reading-pace.ts';

/** Reads of so many bytes, so far apart (milliseconds): after which of them does the socket rest? */
function rests(pace: ReadingPace, reads: readonly (readonly [bytes: number, after: number])[]): number[] {
  let now = 0;
  return reads.flatMap(([bytes, wait], i) => {
    now += wait;
    return pace.read(bytes, now) ? [i] : [];
  });
}

const small = [100, 0.1] as const;

test('single changes are never made to wait', () => {
  expect(rests(new ReadingPace(), Array.from({ length: 100 }, () => [100, 1] as const))).toEqual([]);
});

test('a few small reads in a row are no load', () => {
  expect(rests(new ReadingPace(), Array.from({ length: 8 }, () => small))).toEqual([]);
});

test('small reads that follow each other at once are load, until a pause or a large read', () => {
  const run = Array.from({ length: 10 }, () => small);
  expect(rests(new ReadingPace(), run)).toEqual([8, 9]);
  expect(rests(new ReadingPace(), [...run, [100, 5], ...run])).toEqual([8, 9, 18, 19, 20]);
  expect(rests(new ReadingPace(), [...run, [64 * 1024, 0.1], small])).toEqual([8, 9]);
});

test('a small read at once after a rest goes on being load', () => {
  const pace = new ReadingPace();
  rests(pace, Array.from({ length: 9 }, () => small));
  pace.rested(10);
  expect(pace.read(100, 10.1)).toBe(true);
  pace.rested(20);
  expect(pace.read(100, 21)).toBe(false);
});
