import { expect, test } from 'vitest';
import { unexpected } from '../../src/commands/expectation.ts';
import type { ExpectConfig } from '../../src/config.ts';

const NOTHING: ExpectConfig = { method: null, url: null, path: null, headers: new Map(), body: null };
const REQUEST = { method: 'PUT', url: 'https://crm.example.com/contacts/a%20b?x=1', headers: [['x-table', 'contacts'], ['content-type', 'application/json']], body: '{"id":42,"tags":["vip"]}' } as const;

test('what is not said of a request is not compared', () => {
  expect(unexpected(NOTHING, REQUEST)).toEqual([]);
  expect(unexpected({ method: 'PUT', url: REQUEST.url, path: '/contacts/a%20b?x=1', headers: new Map([['x-table', 'contacts'], ['x-other', null]]), body: '{"id":42.0}' }, REQUEST)).toEqual([]);
});

test('each part that is another one is told', () => {
  expect(unexpected({ method: 'POST', url: 'https://x/', path: '/', headers: new Map([['x-table', null], ['x-other', 'a']]), body: '{"id":7,"tags":[]}' }, REQUEST)).toEqual([
    { path: 'method', expected: 'POST', found: 'PUT' },
    { path: 'url', expected: 'https://x/', found: REQUEST.url },
    { path: 'path', expected: '/', found: '/contacts/a%20b?x=1' },
    { path: 'headers.x-table', expected: 'none', found: 'contacts' },
    { path: 'headers.x-other', expected: 'a', found: null },
    { path: 'body.id', expected: '7', found: '42' },
    { path: 'body.tags', expected: '[]', found: '["vip"]' },
  ]);
});

test('a body that is no JSON is text, and one that there is not is none', () => {
  const form = { ...REQUEST, body: 'id=42&tags[]=vip' };
  expect(unexpected({ ...NOTHING, body: '"id=42&tags[]=vip"' }, form)).toEqual([]);
  expect(unexpected({ ...NOTHING, body: '{"id":42}' }, form)).toEqual([{ path: 'body', expected: '{"id":42}', found: '"id=42&tags[]=vip"' }]);
  expect(unexpected({ ...NOTHING, body: '{"id":42}' }, { ...REQUEST, body: null })).toEqual([{ path: 'body', expected: '{"id":42}', found: null }]);
});
