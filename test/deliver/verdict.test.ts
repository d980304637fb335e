import { expect, test } from 'vitest';
import { askedFor, meaningOf, reasonOf } from '../../src/deliver/verdict.ts';

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

test.for([
  [500, 'disable', 'it asked to be sent nothing more (webhook-delivery: disable)'],
  [400, 'dead', 'it asked that this delivery be given up (webhook-delivery: abort-message)'],
  [404, null, '`responses` says dead'],
  [503, null, '`responses` says disable'],
  [410, null, '`responses` says dead'],
  [429, null, null],
] as const)('%d with %s: the reason is %j', ([status, asked, reason]) => {
  expect(reasonOf(status, asked, new Map([['4xx', 'dead'], ['503', 'disable'], ['429', 'retry']]))).toBe(reason);
});

test('that 410 disables is what 410 means', () => {
  expect(reasonOf(410, null, new Map())).toBeNull();
});
