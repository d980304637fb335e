import { expect, test } from 'vitest';
import { ReadingPace } from '../../src/source/reading-pace.ts';

type Read = readonly [bytes: number, after: number];

/** A pace, and a clock of its own. */
class Rig {
  readonly #pace = new ReadingPace();
  #now = 0;

  /** Reads of so many bytes, so long after the last one was handled (milliseconds): how long does the socket rest after each of them? */
  rests(...reads: readonly Read[]): number[] {
    return reads.map(([bytes, wait]) => {
      this.#now += wait;
      const came = this.#now;
      this.#now += 0.2; // to handle it
      return this.#pace.read(bytes, came, this.#now);
    });
  }

  rested(): void {
    this.#now += 1;
    this.#pace.rested(this.#now);
  }
}

const small: Read = [100, 0.1];
const KB = 1024;

function times(count: number, read: Read = small): Read[] {
  return Array.from({ length: count }, () => read);
}

/** A rig whose socket has rested once, under load. */
function underLoad(): Rig {
  const rig = new Rig();
  rig.rests(...times(17));
  rig.rested();
  return rig;
}

/** No rest after any of so many reads. */
function none(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

test('single changes are never made to wait', () => {
  expect(new Rig().rests(...times(100, [100, 0.8]))).toEqual(none(100));
});

test('a few small reads in a row are no load', () => {
  expect(new Rig().rests(...times(16))).toEqual(none(16));
});

test('small reads that follow each other at once are load, until a pause or a large read', () => {
  expect(new Rig().rests(...times(18))).toEqual([...none(16), 1, 1]);
  expect(new Rig().rests(...times(16), [100, 5], ...times(16))).toEqual([...none(32), 1]);
  expect(new Rig().rests(...times(16), [8 * KB, 0.1], ...times(15))).toEqual(none(32));
});

test('a rest that brought something is followed by another, one that brought much by a longer one', () => {
  expect(underLoad().rests([KB, 0.1])).toEqual([1]);
  expect(underLoad().rests([15 * KB, 3])).toEqual([1]);
  expect(underLoad().rests([20 * KB, 0.1])).toEqual([4]);
});

test('a rest that brought hardly anything is the last', () => {
  expect(underLoad().rests([500, 0.1], ...times(15))).toEqual(none(16));
});

test('while there is more than one read can take, the socket does not rest', () => {
  expect(underLoad().rests([64 * KB, 0.1], [64 * KB, 0.1], [KB, 0.1])).toEqual([0, 0, 4]);
});

test('what comes a while after a rest is a single change again', () => {
  expect(underLoad().rests([20 * KB, 5], ...times(15))).toEqual(none(16));
  expect(underLoad().rests([100, 8])).toEqual([0]);
});
