import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differences } from '../../src/commands/contained.ts';

test('every JSON is contained in itself, also with entries left out and added, at any depth', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.infiniteStream(fc.nat(3)), (value, choices) => {
      const json = JSON.stringify(value);
      expect(differences(json, json, 'body')).toEqual([]);
      expect(differences(JSON.stringify(thinned(value, choices)), json, 'body')).toEqual([]);
    }),
  );
});

test('a value that is another one is found, and where', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.array(fc.oneof(fc.stringMatching(/^[a-z]{1,5}$/), fc.constant(0)), { maxLength: 4 }), (value, path) => {
      const found = path.reduceRight<unknown>((inner, step) => (step === 0 ? [inner] : { [step]: inner, other: value }), 'found');
      const expected = path.reduceRight<unknown>((inner, step) => (step === 0 ? [inner] : { [step]: inner }), 'expected');
      const place = path.map((step) => (step === 0 ? '[0]' : `.${step}`)).join('');
      fc.pre(!path.includes('other'));
      expect(differences(JSON.stringify(expected), JSON.stringify(found), 'body')).toEqual([{ path: `body${place}`, expected: '"expected"', found: '"found"' }]);
    }),
  );
});

test('numbers are compared by value, with all their digits', () => {
  for (const [a, b] of [['1.50', '1.5'], ['100', '1e2'], ['0', '-0.0'], ['12345678901234567890.10', '12345678901234567890.1'], ['1200E-2', '12']] as const) expect(differences(a, b, 'n'), `${a} ${b}`).toEqual([]);
  for (const [a, b] of [['12345678901234567890', '12345678901234567891'], ['1', '-1'], ['1', '10'], ['1', '"1"'], ['0', 'false'], ['0', 'null']] as const) expect(differences(a, b, 'n'), `${a} ${b}`).toEqual([{ path: 'n', expected: a, found: b }]);
});

test('what is not there, lists of another length, and null are told apart', () => {
  expect(differences('{"a":null,"b c":1}', '{"x":2}', 'body')).toEqual([
    { path: 'body.a', expected: 'null', found: null },
    { path: 'body["b c"]', expected: '1', found: null },
  ]);
  expect(differences('[{"a":1}]', '[{"a":1},{"a":2}]', 'body')).toEqual([{ path: 'body', expected: '[{"a":1}]', found: '[{"a":1},{"a":2}]' }]);
  expect(differences('{"__proto__":1}', '{}', 'body')).toEqual([{ path: 'body.__proto__', expected: '1', found: null }]);
});

/** With some entries of its objects left out. */
function thinned(value: unknown, choices: fc.Stream<number>): unknown {
  if (Array.isArray(value)) return value.map((item) => thinned(item, choices));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([name, inner]) => (choices.next().value === 0 ? [] : [[name, thinned(inner, choices)]])));
}
