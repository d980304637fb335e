import { expect, test } from 'vitest';
import { countOf, humanBytes, humanDuration } from '../../src/commands/units.ts';

test.for([
  [0, '0 bytes'],
  [1023, '1023 bytes'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [5 * 1024 ** 5, '5120 TiB'],
] as const)('%i bytes are %s', ([bytes, text]) => {
  expect(humanBytes(bytes)).toBe(text);
});

test.for([
  [0.4, '0 ms'],
  [999, '999 ms'],
  [1_400, '1.4 s'],
  [59_000, '59 s'],
  [180_000, '3 min'],
  [5_400_000, '1.5 h'],
  [86_400_000, '1 day'],
  [864_000_000, '10 days'],
] as const)('%d ms are %s', ([ms, text]) => {
  expect(humanDuration(ms)).toBe(text);
});

test('one is one', () => {
  expect([0, 1, 2].map((count) => countOf(count, 'delivery', 'deliveries'))).toEqual(['0 deliveries', '1 delivery', '2 deliveries']);
});
