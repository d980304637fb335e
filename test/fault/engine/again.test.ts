import { expect, test } from 'vitest';
import { cameAgain, type Delivered, type Mishap } from './again.ts';

function delivered(worker: string, at: number, more: Partial<Delivered> = {}): Delivered {
  return { id: 'x', worker, at, answeredAt: at + 10, committedAt: at - 50, ...more };
}

function mishap(of: Mishap['of'], who: string, at: number, more: Partial<Mishap> = {}): Mishap {
  return { of, who, from: at, at, underWay: 0, ...more };
}

test('what came again although nothing had happened is too much', () => {
  expect(cameAgain([delivered('a', 1_000), delivered('b', 2_000)], []).excess).toEqual(['x came from b 1000 ms after a had delivered it, and nothing had happened']);
});

test('what a killed worker had delivered shortly before may come again, but not what another one had', () => {
  const killed = [mishap('worker', 'a', 1_500)];
  expect(cameAgain([delivered('a', 1_000), delivered('b', 9_000)], killed)).toMatchObject({ recent: [1], older: [0], excess: [] });
  expect(cameAgain([delivered('c', 1_000), delivered('b', 9_000)], killed).excess).toHaveLength(1);
});

test('of what it had delivered long before, no more than it had under way', () => {
  const again = [delivered('a', 1_000), delivered('b', 9_000)];
  expect(cameAgain(again, [mishap('worker', 'a', 5_000, { underWay: 1 })])).toMatchObject({ older: [1], excess: [] });
  expect(cameAgain(again, [mishap('worker', 'a', 5_000)]).excess[0]).toMatch(/besides 0 recent ones, 1 older ones came again, of which 0 could be under way/);
});

test('a tail that was killed is held against when the change was committed, however late it was delivered', () => {
  expect(cameAgain([delivered('a', 8_000, { committedAt: 900 }), delivered('a', 9_000, { committedAt: 900 })], [mishap('tail', 't', 1_000)])).toMatchObject({ recent: [1], excess: [] });
  expect(cameAgain([delivered('a', 8_000), delivered('a', 9_000)], [mishap('tail', 't', 1_000)]).excess).toHaveLength(1);
});

test('while the broker was away nobody could commit', () => {
  expect(cameAgain([delivered('a', 5_000), delivered('b', 70_000)], [mishap('broker', '', 65_000, { from: 4_000 })])).toMatchObject({ recent: [1], excess: [] });
});

test('what a stopped worker sends when it wakes counts as under way', () => {
  const woke = [mishap('zombie', 'a', 9_500, { from: 9_000, underWay: 1 })];
  expect(cameAgain([delivered('b', 1_000), delivered('a', 9_100)], woke)).toMatchObject({ older: [1], excess: [] });
  expect(cameAgain([delivered('b', 1_000), delivered('c', 9_100)], woke).excess).toHaveLength(1);
});
