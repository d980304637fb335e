import { expect, test } from 'vitest';
import { parseRetryAfter } from '../../src/deliver/retry-after.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const DAY = 86_400_000;

test.for([
  ['0', 0],
  ['5', 5000],
  [' 5 ', 5000],
  ['86400', DAY],
  ['86401', DAY],
  ['999999999999999999999999', DAY],
  ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
  ['Friday, 02-Jan-26 03:04:35 GMT', 30_000],
  ['Fri Jan  2 03:04:35 2026', 30_000],
  ['Fri, 02 Jan 2026 03:04:05 GMT', 0],
  ['Sun, 06 Nov 1994 08:49:37 GMT', 0],
  ['Fri, 02 Jan 2099 03:04:05 GMT', DAY],
] as const)('%j waits %d ms', ([value, expected]) => {
  expect(parseRetryAfter(value, NOW)).toBe(expected);
});

test.for(['', '-5', '1.5', '1e3', '0x10', '5s', 'soon', '2026-01-02T03:04:35Z', 'Fri, 32 Foo 2026 03:04:35 GMT', '５', '5, 6'])(
  '%j says nothing',
  (value) => {
    expect(parseRetryAfter(value, NOW)).toBe(null);
  },
);

test('the first of several counts, and none is none', () => {
  expect(parseRetryAfter(['5', '9'], NOW)).toBe(5000);
  expect(parseRetryAfter([], NOW)).toBe(null);
  expect(parseRetryAfter(undefined, NOW)).toBe(null);
});
