import { expect, test } from 'vitest';
import { reactionTo, safeMessage, sqlState } from '../src/reaction.ts';

function coded(code: string, message = 'said'): Error {
  return Object.assign(new Error(message), { code });
}

test.each(['08006', '53300', '53100', '57P01', '57P03', '58030', '40001', '40P01', '55P03', '55006', '25006', 'ECONNREFUSED', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN'])(
  '%s passes by itself',
  (code) => expect(reactionTo(coded(code))).toBe('retry'),
);

test.each(['42P01', '42501', '28P01', '3D000', '22P02', '23505', 'XX000', 'ERR_INVALID_ARG_TYPE'])('%s does not', (code) =>
  expect(reactionTo(coded(code))).toBe('stop'),
);

test.each(['Connection terminated unexpectedly', 'timeout expired', 'Query read timeout', 'Client was closed and is not queryable'])(
  'what pg says of a lost connection without a code passes too: %s',
  (message) => expect(reactionTo(new Error(message))).toBe('retry'),
);

test('a fault of ours does not', () => {
  expect(reactionTo(new TypeError('x is not a function'))).toBe('stop');
  expect(reactionTo('text')).toBe('stop');
});

test('names of Node are not taken for SQLSTATEs', () => {
  expect(sqlState(coded('EPIPE'))).toBeNull();
  expect(sqlState(coded('57P01'))).toBe('57P01');
  expect(sqlState(new Error('no code'))).toBeNull();
});

test.each(['22P02', '23505', 'P0001'])('a message of class %s quotes values, so only its SQLSTATE is told', (code) =>
  expect(safeMessage(coded(code, 'invalid input: "hunter2"'))).toBe(`SQLSTATE ${code}`),
);

test('a name with several addresses that all refuse says which refused', () => {
  const error = new AggregateError([new Error('connect ECONNREFUSED ::1:5432'), new Error('connect ECONNREFUSED 127.0.0.1:5432')]);
  expect(safeMessage(error)).toBe('connect ECONNREFUSED ::1:5432');
});
