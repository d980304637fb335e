import fc from 'fast-check';
import { expect, test } from 'vitest';
import { itemsOf, membersOf } from '../../src/topic/json-text.ts';

const gaps = fc.constantFrom('', ' ', '\n\t ');

/** JSON with gaps between all that may have them. */
function spaced(value: unknown, gap: string): string {
  if (Array.isArray(value)) return `[${gap}${value.map((item) => spaced(item, gap)).join(`${gap},${gap}`)}${gap}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${gap}${Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}${gap}:${gap}${spaced(member, gap)}`).join(`${gap},${gap}`)}${gap}}`;
}

test('members and items are those that JSON.parse finds, each with its own text', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 })), gaps, (object, gap) => {
      const text = spaced(object, gap);
      expect([...(membersOf(text) ?? [])]).toEqual(Object.entries(object).map(([name, value]) => [name, spaced(value, gap)]));
      const list = Object.values(object);
      expect(itemsOf(spaced(list, gap))).toEqual(list.map((item) => spaced(item, gap)));
    }),
    { numRuns: 500 },
  );
});

test('of a name that comes twice the last one counts', () => {
  expect(membersOf('{"a":1,"b":2,"\\u0061":3}')).toEqual(new Map([['a', '3'], ['b', '2']]));
});

test.each(['[]', 'null', '1', '"{}"', ''])('%s has no members', (json) => {
  expect(membersOf(json)).toBeNull();
});
