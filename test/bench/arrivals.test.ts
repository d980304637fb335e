import { expect, test } from 'vitest';
import { account } from '../../bench/kafka/arrivals.ts';

test('what was received twice, late or not at all is told apart', () => {
  // Two rows, whose beats are 0 2 4 and 1 3 5.
  const account1 = account([[100, 99, 0], [101, 100, 1], [140, 110, 4], [141, 102, 2], [142, 110, 4]], { written: 6, lanes: 2 });
  expect(account1).toEqual({ lost: 2, duplicates: 1, late: 1, silence: 39, longest: 39 });
});

test('all of them once, in order', () => {
  expect(account([[1, 0, 0], [2, 1, 1], [3, 2, 2]], { written: 3, lanes: 2 })).toEqual({ lost: 0, duplicates: 0, late: 0, silence: 1, longest: 1 });
});
