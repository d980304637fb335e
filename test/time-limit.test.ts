import { expect, test } from 'vitest';
import { WalhookError } from '../src/errors.ts';
import { withinTime } from '../src/time-limit.ts';

test('gives what the work gives, and throws what it throws', () => {
  const error = new WalhookError('no', { code: 'expression' });
  const given = { a: undefined };
  expect(withinTime(1_000, () => given)).toBe(given);
  expect(withinTime(1_000, () => undefined)).toBeUndefined();
  expect(() => withinTime(1_000, () => { throw error; })).toThrow(error);
});

test('work that does not end is ended', () => {
  expect(() => withinTime(20, () => { for (;;) [1].map(String); })).toThrow(expect.objectContaining({ code: 'expression', message: expect.stringContaining('20 ms') }));
});
