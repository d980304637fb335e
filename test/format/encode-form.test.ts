import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeForm } from '../../src/format/encode-form.ts';
import { Unrenderable } from '../../src/format/unrenderable.ts';

function decoded(value: unknown): string {
  return decodeURIComponent(encodeForm(JSON.stringify(value)).replaceAll('+', ' '));
}

describe('pairs, as PHP nests them', () => {
  test.each([
    [{ type: 'update', profile: 123 }, 'type=update&profile=123'],
    [{ parameters: { mail: 'a@b.c', name: 'J' } }, 'parameters[mail]=a@b.c&parameters[name]=J'],
    [{ interests: ['xyz', 'abc'] }, 'interests[]=xyz&interests[]=abc'],
    [{ a: [{ b: 1, c: 2 }, { b: 3 }] }, 'a[0][b]=1&a[0][c]=2&a[1][b]=3'],
    [{ a: [[1, 2], [3]] }, 'a[0][]=1&a[0][]=2&a[1][]=3'],
    [{ a: [1, { b: 2 }, 'x'] }, 'a[0]=1&a[1][b]=2&a[2]=x'],
    [{ a: { b: { c: { d: [true, false] } } } }, 'a[b][c][d][]=true&a[b][c][d][]=false'],
    [{ a: null, b: [null, 1], c: '' }, 'a=&b[]=&b[]=1&c='],
    [{ a: {}, b: [], c: [[], {}], d: 1 }, 'd=1'],
    [{ a: 'null', b: 'true', c: '1' }, 'a=null&b=true&c=1'],
    [{}, ''],
  ])('%j', (value, expected) => {
    expect(decoded(value)).toBe(expected);
  });
});

test('digits, order and names that stand there twice are kept', () => {
  expect(encodeForm('{"b": 12345678901234567890.10, "10": -0, "9": 1e5, "a": [1.50], "a": 2}')).toBe('b=12345678901234567890.10&10=-0&9=1e5&a%5B%5D=1.50&a=2');
});

test('escaped as the standard says', () => {
  expect(encodeForm(JSON.stringify({ 'a b&c': 'x=y&z +%', q: "é!'()~*-._\n😀" }))).toBe('a+b%26c=x%3Dy%26z+%2B%25&q=%C3%A9%21%27%28%29%7E*-._%0A%F0%9F%98%80');
  expect(encodeForm(String.raw`{"a": "\ud800", "b\"\\": "\\\"\\", "\u0061": "\/"}`)).toBe('a=%EF%BF%BD&b%22%5C=%5C%22%5C&a=%2F');
  expect(encodeForm('{"parameters":{"mail":"x"}}')).toBe('parameters%5Bmail%5D=x');
});

describe('what a form cannot say is refused, without its name', () => {
  test.each([
    ['[1]', 'a form is made of a map'],
    ['"x"', 'a form is made of a map'],
    ['null', 'a form is made of a map'],
    ['{"secret][x": 1}', 'a name with [ or ]'],
    ['{"a": {"[secret": 1}}', 'a name with [ or ]'],
    ['{"a": {"": "secret"}}', 'an empty name'],
    ['{"": "secret"}', 'an empty name'],
    [`{"a": ${'{"a":'.repeat(64)}1${'}'.repeat(65)}`, 'nested deeper than 64'],
  ])('%s', (json, message) => {
    expect(() => encodeForm(json)).toThrow(Unrenderable);
    expect(() => encodeForm(json)).toThrow(message);
    expect(() => encodeForm(json)).not.toThrow('secret');
  });
});

const key = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 }).filter((name) => !/[[\]]/.test(name));
const scalar = fc.oneof(fc.string({ unit: 'binary' }), fc.boolean(), fc.constant(null), fc.double({ noNaN: true, noDefaultInfinity: true }));
const { map } = fc.letrec((tie) => ({
  map: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  value: fc.oneof({ maxDepth: 4 }, scalar, fc.array(tie('value'), { maxLength: 4 }), tie('map')),
}));

/** Names and values of scalars, told in another way. */
function pairs(value: unknown, name: string): [string, string][] {
  if (value === null) return [[name, '']];
  if (Array.isArray(value)) {
    const nested = value.some((item) => typeof item === 'object' && item !== null);
    return value.flatMap((item, index) => pairs(item, `${name}[${nested ? index : ''}]`));
  }
  if (typeof value === 'object') return Object.entries(value).flatMap(([one, item]) => pairs(item, name === '' ? one : `${name}[${one}]`));
  return [[name, typeof value === 'string' ? value : JSON.stringify(value)]];
}

test('any map is read back as the pairs it is, byte for byte as URLSearchParams writes them', () => {
  fc.assert(
    fc.property(map, fc.constantFrom(0, 2), (value, indent) => {
      const expected = pairs(value, '');
      const text = encodeForm(JSON.stringify(value, null, indent));
      expect(text).toBe(new URLSearchParams(expected).toString());
      expect([...new URLSearchParams(text)]).toEqual(expected.map(([name, one]) => [name.toWellFormed(), one.toWellFormed()]));
    }),
    { numRuns: 2000 },
  );
});
