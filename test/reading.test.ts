import { expect, test } from 'vitest';
import { behindBy } from '../src/reading.ts';

const NOW = 1_000_000;
const AT_END = { upTo: { at: NOW - 40_000, isEnd: true }, isConnected: true, pausedAt: null, begunAt: NOW - 90_000 };

test('at the end of the WAL reading is not behind', () => {
  expect(behindBy(AT_END, NOW)).toBe(0);
});

test('while reading is paused nobody knows what comes, so that the end counts from the pause', () => {
  expect(behindBy({ ...AT_END, pausedAt: NOW - 30_000 }, NOW)).toBe(30_000);
  // A keepalive in the read that filled the memory is handled after the pause.
  expect(behindBy({ ...AT_END, upTo: { at: NOW - 29_000, isEnd: true }, pausedAt: NOW - 30_000 }, NOW)).toBe(30_000);
});

test('without a connection it counts from when the end was reached', () => {
  expect(behindBy({ ...AT_END, isConnected: false }, NOW)).toBe(40_000);
});

test('between, it is as far behind as the last commit, paused or not, and before any as the start', () => {
  const upTo = { at: NOW - 70_000, isEnd: false };
  expect(behindBy({ ...AT_END, upTo }, NOW)).toBe(70_000);
  expect(behindBy({ ...AT_END, upTo, pausedAt: NOW - 1_000 }, NOW)).toBe(70_000);
  expect(behindBy({ ...AT_END, upTo: { at: 0, isEnd: false } }, NOW)).toBe(90_000);
  expect(behindBy({ ...AT_END, upTo: { at: NOW + 5_000, isEnd: false } }, NOW)).toBe(0);
});
