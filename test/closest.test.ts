import { expect, test } from 'vitest';
import { closest } from '../src/closest.ts';

test.each([
  ['timout', 'timeout'],
  ['tiemout', 'timeout'],
  ['TIMEOUT', 'timeout'],
  ['concurency', 'concurrency'],
  ['url', 'url'],
  ['ur', 'url'],
  ['colour', null],
  ['x', null],
])('%s was meant to be %s', (word, meant) => {
  expect(closest(word, ['timeout', 'concurrency', 'url', 'retry'])).toBe(meant);
});
