import { expect, test } from 'vitest';
import type { Part } from '../../src/engine/port.ts';
import { dealEvenly, dealToOne, type Seated } from '../../src/kafka/dealing.ts';

const parts = (count: number): Part[] => Array.from({ length: count }, (_, partition) => ({ topic: 't', partition }));
const newcomer = (id: string): Seated => ({ id, had: [], generation: -1 });
const numbers = (hands: Map<string, Part[]>): Record<string, number[]> => Object.fromEntries([...hands].map(([id, hand]) => [id, hand.map(({ partition }) => partition).toSorted((a, b) => a - b)]));
const holder = (id: string, had: readonly number[], generation = 1): Seated => ({ id, had: had.map((partition) => ({ topic: 't', partition })), generation });

test('parts are dealt evenly, each to one member', () => {
  expect(numbers(dealEvenly(parts(7), [newcomer('b'), newcomer('a'), newcomer('c')]))).toEqual({ a: [0, 1, 2], b: [3, 4], c: [5, 6] });
});

test('whoever stays keeps what it had, up to its share', () => {
  const hands = numbers(dealEvenly(parts(6), [holder('a', [0, 2, 4]), holder('b', [1, 3, 5]), newcomer('c')]));
  expect(hands).toEqual({ a: [0, 2], b: [1, 3], c: [4, 5] });
});

test('when one leaves, only its parts move', () => {
  expect(numbers(dealEvenly(parts(6), [holder('a', [0, 1]), holder('c', [4, 5])]))).toEqual({ a: [0, 1, 2], c: [3, 4, 5] });
});

test('the odd part stays where it is', () => {
  expect(numbers(dealEvenly(parts(3), [newcomer('a'), holder('b', [0, 1, 2])]))).toEqual({ a: [2], b: [0, 1] });
});

test('of two who say they had a part, the later generation is believed', () => {
  expect(numbers(dealEvenly(parts(2), [holder('a', [0, 1], 3), holder('b', [1], 5)]))).toEqual({ a: [0], b: [1] });
});

test('members without a part are told so', () => {
  expect(numbers(dealEvenly(parts(1), [newcomer('a'), newcomer('b')]))).toEqual({ a: [0], b: [] });
});

test('one has all: the one that had them, else the first', () => {
  expect(numbers(dealToOne(parts(2), [newcomer('b'), newcomer('a')]))).toEqual({ a: [0, 1], b: [] });
  expect(numbers(dealToOne(parts(2), [newcomer('a'), holder('b', [0, 1])]))).toEqual({ a: [], b: [0, 1] });
  expect(numbers(dealToOne(parts(2), [holder('a', [0, 1], 1), holder('b', [0, 1], 2)]))).toEqual({ a: [], b: [0, 1] });
});
