import { expect, test } from 'vitest';
import { ReadingPace } from '../../src/source/reading-pace.ts';

type Read = readonly [bytes: number, after: number];

/** A pace, and a clock of its own. */
class Rig {
  readonly #pace = new ReadingPace();
  #now = 0;

  /** Reads of so many bytes, so long after the last one was handled (milliseconds): after which of them does the socket rest? */
  rests(...reads: readonly Read[]): number[] {
    return reads.flatMap(([bytes, wait], i) => {
      this.#now += wait;
      const came = this.#now;
      this.#now += 0.2; // to handle it
      return this.#pace.read(bytes, came, this.#now) ? [i] : [];
    });
  }

  rested(waiting: number): void {
    this.#now += 1;
    this.#pace.rested(waiting, this.#now);
  }
}

const small: Read = [100, 0.1];
const KB = 1024;

function times(count: number, read: Read = small): Read[] {
  return Array.from({ length: count }, () => read);
}

/** A rig whose socket has rested once, under load. */
function underLoad(waiting = 0): Rig {
  const rig = new Rig();
  rig.rests(...times(17));
  rig.rested(waiting);
  return rig;
}

test('single changes are never made to wait', () => {
  expect(new Rig().rests(...times(100, [100, 0.8]))).toEqual([]);
});

test('a few small reads in a row are no load', () => {
  expect(new Rig().rests(...times(16))).toEqual([]);
});

test('small reads that follow each other at once are load, until a pause or a large read', () => {
  expect(new Rig().rests(...times(18))).toEqual([16, 17]);
  expect(new Rig().rests(...times(16), [100, 5], ...times(16))).toEqual([32]);
  expect(new Rig().rests(...times(16), [8 * KB, 0.1], ...times(15))).toEqual([]);
});

test('a rest that brought something is followed by another', () => {
  expect(underLoad().rests([20 * KB, 0.1])).toEqual([0]);
});

test('a rest that brought hardly anything is the last', () => {
  expect(underLoad().rests([500, 0.1], ...times(15))).toEqual([]);
});

test('what has been read while it rested is not all that the rest brought', () => {
  expect(underLoad(100).rests([100, 0.1], [20 * KB, 0.1])).toEqual([1]);
});

test('while there is more than one read can take, the socket does not rest', () => {
  expect(underLoad(100).rests([100, 0.1], [64 * KB, 0.1], [64 * KB, 0.1], [10 * KB, 0.1])).toEqual([3]);
});

test('what comes a while after a rest is a single change again', () => {
  expect(underLoad(100).rests([100, 0.1], [20 * KB, 0.5], ...times(16))).toEqual([17]);
  expect(underLoad().rests([100, 2])).toEqual([]);
});
