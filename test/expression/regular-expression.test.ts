import { expect, test } from 'vitest';
import { ExpressionError } from '../../src/expression/expression.ts';
import { compileFilter } from '../../src/expression/filter.ts';
import { isoTime } from '../../src/expression/time-format.ts';
import { jsonOf } from '../../src/expression/value-text.ts';

const COLUMNS = [{ name: 'email', celType: 'string' }, { name: 'pattern', celType: 'string' }] as const;

test.for([
  ["row.email.matches('^a+@')", 'aaa@example.com', true],
  ["row.email.matches('b')", 'aaa', false],
  ["row.email.matches('b')", null, false],
] as const)('%s of %s', ([when, email, wanted]) => {
  expect(compileFilter(when, COLUMNS).evaluate({ row: { email } })).toBe(wanted);
});

test('no value makes a pattern take for ever', () => {
  const filter = compileFilter(String.raw`row.email.matches('^([a-z0-9]+[.]?)+@example[.]com$')`, COLUMNS);
  expect(filter.evaluate({ row: { email: 'a'.repeat(50_000) } })).toBe(false);
});

test('a pattern that is none is refused where it is written out, and else is a failure without the value', () => {
  expect(() => compileFilter("row.email.matches('(?=a)')", COLUMNS)).toThrow(ExpressionError);
  const result = compileFilter('row.email.matches(row.pattern)', COLUMNS).evaluate({ row: { email: 'x', pattern: '(secret' } });
  expect(result).toMatchObject({ message: expect.stringContaining('invalid regular expression') });
  expect(JSON.stringify(result)).not.toContain('secret');
});

test('an endless time is written as Postgres writes it', () => {
  const [end, beginning] = [new Date(8.64e15), new Date(-8.64e15)];
  expect([isoTime(end, 'UTC'), isoTime(beginning, 'Europe/Amsterdam'), jsonOf(end)]).toEqual(['infinity', '-infinity', '"infinity"']);
});
