import { expect, test } from 'vitest';
import { isTopic, recordPath, recordTarget } from '../src/record-path.ts';

test.for([
  ['/app.public.people/42', { topic: 'app.public.people', key: '42' }],
  ['/a/b%2Fc%3F%23%20%25', { topic: 'a', key: 'b/c?# %' }],
  ['/a/Zo%C3%AB', { topic: 'a', key: 'Zoë' }],
  ['/a', { topic: 'a', key: null }],
] as const)('%s is a topic and a key, and back', ([path, target]) => {
  expect(recordPath(target)).toBe(path);
  expect(recordTarget(path)).toEqual(target);
});

test.for([null, '', '/', '/a b', '/a/b/c', '/a/%zz', '/..', '/a?b=c', 'a/b'])('%s is no record’s', (path) => {
  expect(recordTarget(path)).toBeNull();
});

test('names of topics', () => {
  expect(['a', 'A-b_c.9', 'x'.repeat(249)].every(isTopic)).toBe(true);
  expect(['', '.', '..', 'a/b', 'ä', 'a b', 'x'.repeat(250)].some(isTopic)).toBe(false);
});
