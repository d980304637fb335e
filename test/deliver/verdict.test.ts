import { expect, test } from 'vitest';
import { askedFor, meaningOf } from '../../src/deliver/verdict.ts';

test.for([
  [200, 'delivered'],
  [299, 'delivered'],
  [301, 'retry'],
  [400, 'retry'],
  [404, 'retry'],
  [410, 'disable'],
  [429, 'retry'],
  [500, 'retry'],
] as const)('%d by itself means %s', ([status, meaning]) => {
  expect(meaningOf(status, new Map())).toBe(meaning);
});

test('a status goes before its class, and its class before what it means by itself', () => {
  const responses = new Map([
    ['4xx', 'dead'],
    ['404', 'delivered'],
  ] as const);
  expect([404, 410, 400, 500].map((status) => meaningOf(status, responses))).toEqual(['delivered', 'dead', 'dead', 'retry']);
});

test('an odd status belongs to no class', () => {
  expect(meaningOf(999, new Map([['5xx', 'dead']]))).toBe('retry');
});

test.for([
  [undefined, null],
  ['', null],
  ['keep', null],
  ['DISABLE', 'disable'],
  [' abort-message ', 'dead'],
  [['abort-message', 'x, Disable'], 'disable'],
] as const)('webhook-delivery %j asks for %s', ([header, asked]) => {
  expect(askedFor(header)).toBe(asked);
});
