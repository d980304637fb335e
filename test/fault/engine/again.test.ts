import { expect, test } from 'vitest';
import { type Again, type Bounds, cameAgain, type Delivered, type Mishap } from './again.ts';

function delivered(worker: string, at: number, more: Partial<Delivered> = {}): Delivered {
  return { key: 'x', worker, at, answeredAt: at + 10, ...more };
}

function mishap(of: Mishap['of'], who: string, at: number, from = at): Mishap {
  return { of, who, from, at };
}

function judged(of: readonly Delivered[], mishaps: readonly Mishap[], { copies = {}, ...bounds }: Partial<Bounds> & { readonly copies?: Readonly<Record<string, number>> } = {}): Again {
  return cameAgain(of, mishaps, { copies: new Map(Object.entries(copies)), bounds: { blind: 0, older: 0, woken: 0, ...bounds } });
}

test('what came again although nothing had happened is too much', () => {
  expect(judged([delivered('a', 1_000), delivered('b', 2_000)], []).excess).toEqual(['x came from b 1000 ms after a had delivered it, and nothing had happened']);
});

test('what a killed worker had delivered shortly before may come again, but not what another one had', () => {
  const killed = [mishap('worker', 'a', 1_500)];
  expect(judged([delivered('a', 1_000), delivered('b', 9_000)], killed)).toEqual({ recent: [1], older: [0], excess: [] });
  expect(judged([delivered('c', 1_000), delivered('b', 9_000)], killed).excess).toHaveLength(1);
});

test('of what it had delivered long before, no more than it settles out of order', () => {
  const again = [delivered('a', 1_000), delivered('b', 9_000)];
  expect(judged(again, [mishap('worker', 'a', 5_000)], { older: 1 })).toEqual({ recent: [0], older: [1], excess: [] });
  expect(judged(again, [mishap('worker', 'a', 5_000)]).excess[0]).toMatch(/of 1 that came again, 1 had been delivered long before, of which there could be 0/);
});

test('of what it delivered while it could commit nothing, no more than it had in memory', () => {
  const again = [delivered('a', 7_000), delivered('b', 12_000)];
  expect(judged(again, [mishap('worker', 'a', 11_000, 5_000)], { blind: 1 })).toEqual({ recent: [1], older: [0], excess: [] });
  expect(judged(again, [mishap('worker', 'a', 11_000, 5_000)]).excess[0]).toMatch(/1 were delivered while it could commit nothing, of which there could be 0/);
});

test('what is in the topic twice may come twice, and no more often', () => {
  const twice = [delivered('a', 1_000), delivered('a', 9_000)];
  expect(judged(twice, [], { copies: { x: 2 } }).excess).toEqual([]);
  expect(judged([...twice, delivered('a', 10_000)], [], { copies: { x: 2 } }).excess).toHaveLength(1);
});

test('what a stopped worker sends when it wakes is counted', () => {
  const woke = [mishap('zombie', 'a', 9_500, 9_000)];
  expect(judged([delivered('b', 1_000), delivered('a', 9_100)], woke, { woken: 1 })).toEqual({ recent: [0], older: [1], excess: [] });
  expect(judged([delivered('a', 9_100), delivered('b', 9_800)], woke, { woken: 1 })).toEqual({ recent: [0], older: [1], excess: [] });
  expect(judged([delivered('b', 1_000), delivered('a', 9_100)], woke).excess[0]).toMatch(/1 were sent when it woke, of which there could be 0/);
  expect(judged([delivered('b', 1_000), delivered('c', 9_100)], woke).excess).toHaveLength(1);
});
