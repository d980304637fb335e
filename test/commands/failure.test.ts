import pg from 'pg';
import { expect, test } from 'vitest';
import { describeFailure } from '../../src/commands/failure.ts';
import { WalhookError } from '../../src/errors.ts';

test('an error for an operator: what happened, then what to do', () => {
  const error = new WalhookError('wal_level is replica', { code: 'wal_level', hint: 'ALTER SYSTEM SET wal_level = logical;\nand restart', exit: 3 });
  expect(describeFailure(error)).toEqual({
    text: 'walhook: wal_level is replica\n  ALTER SYSTEM SET wal_level = logical;\n  and restart\n',
    exit: 3,
  });
});

test('an error of ours tells where, and no row that Postgres quotes', () => {
  const error = new pg.DatabaseError('invalid input syntax: "ada@example.com"', 1, 'error');
  Object.assign(error, { code: '22P02', detail: 'ada@example.com' });
  const { text, exit } = describeFailure(error);
  expect(text).toMatch(/^walhook: unexpected error: SQLSTATE 22P02\n\s+at /);
  expect(text).not.toContain('ada@example.com');
  expect(exit).toBe(1);
});
