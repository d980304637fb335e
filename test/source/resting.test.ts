import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Resting } from '../../src/source/resting.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A socket that rests, and what it was told. */
class Rig {
  readonly told: string[] = [];
  readonly resting = new Resting(
    () => this.told.push('pause'),
    () => this.told.push('resume'),
  );

  /** Pieces that come at the same time, and the end of the turn. */
  turn(...pieces: readonly number[]): void {
    for (const bytes of pieces) this.resting.read(bytes, performance.now());
    vi.runAllTicks();
    vi.advanceTimersToNextTimer();
  }

  /** Small reads, one a turn, until it rests. */
  underLoad(): void {
    for (let turns = 0; !this.resting.isResting && turns < 100; turns++) this.turn(100);
  }
}

test('pieces that come at the same time are one read', () => {
  const rig = new Rig();
  for (let turns = 0; turns < 10; turns++) rig.turn(...Array.from({ length: 50 }, () => 100));
  expect(rig.told).toEqual([]);
});

test('under load it rests a millisecond, again and again as long as that brings something', () => {
  const rig = new Rig();
  rig.underLoad();
  expect(rig.told).toEqual(['pause']);
  vi.advanceTimersByTime(1);
  expect(rig.resting.isResting).toBe(false);
  // One that was read before the rest began, and many that waited.
  rig.turn(100, ...Array.from({ length: 100 }, () => 100));
  expect(rig.told).toEqual(['pause', 'resume', 'pause']);
  vi.advanceTimersByTime(1);
  rig.turn(100);
  expect(rig.told).toEqual(['pause', 'resume', 'pause', 'resume']);
});

test('stopped, it neither rests nor resumes any more', () => {
  const rig = new Rig();
  rig.underLoad();
  rig.resting.stop();
  expect(rig.resting.isResting).toBe(false);
  rig.resting.read(100, performance.now());
  rig.resting.stop();
  vi.runAllTimers();
  expect(rig.told).toEqual(['pause']);
});
