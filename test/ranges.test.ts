import { expect, test } from 'vitest';
import { ranges } from '../src/ranges.ts';

test.for([
  [[], ''],
  [[4], '4'],
  [[4, 5], '4, 5'],
  [[0, 1, 2, 3], '0–3'],
  [[0, 1, 2, 5, 7, 8, 10, 11, 12], '0–2, 5, 7, 8, 10–12'],
] as const)('%j', ([numbers, text]) => {
  expect(ranges(numbers)).toBe(text);
});
