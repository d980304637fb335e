import { evaluate } from '@marcbachmann/cel-js';
import { describe, expect, test } from 'vitest';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { compileValue } from '../../src/decode/value.ts';

const catalog = new TypeCatalog(async () => [
  { oid: '20000', name: 'public.pair', kind: 'composite', attributes: '[["n","20"],["__proto__","25"]]' },
  { oid: '20001', name: 'public.hstore', kind: 'hstore' },
]);
await catalog.load([20_000, 20_001]);

function read(oid: number, text: string): unknown {
  const bytes = Buffer.from(`x${text}   `);
  return compileValue(catalog, oid)(bytes, 1, 1 + Buffer.byteLength(text));
}

test.each([
  [16, 't', true],
  [16, 'f', false],
  [23, '-42', -42n],
  [20, '9223372036854775807', 9_223_372_036_854_775_807n],
  [701, '1.5', 1.5],
  [701, '-Infinity', -Infinity],
  [1700, '12.50', 12.5],
  [1700, 'NaN', NaN],
  [25, 'Zoë', 'Zoë'],
  [1186, '1 day', '1 day'],
  [1082, '2024-02-29', new Date('2024-02-29T00:00:00Z')],
  [1114, '2024-02-29 12:00:00.123456', new Date('2024-02-29T12:00:00.123Z')],
  [1184, '2024-02-29 12:00:00.1+00', new Date('2024-02-29T12:00:00.100Z')],
  [1184, '2024-02-29 12:00:00+05:30', new Date('2024-02-29T06:30:00Z')],
  [1184, '0044-03-15 12:00:00+00 BC', new Date('-000043-03-15T12:00:00Z')],
  [1184, 'infinity', new Date(8.64e15)],
  [1184, '-infinity', new Date(-8.64e15)],
  [1184, '294276-12-31 23:59:59+00', new Date(8.64e15)],
  [1007, '{{1,NULL},{3,4}}', [[1n, null], [3n, 4n]]],
  [22, '1 2', [1n, 2n]],
  [3802, '{"a": [1, 1.0, 12345678901234567890, "x", null, true]}', { a: [1n, 1, 12_345_678_901_234_567_000, 'x', null, true] }],
])('type %i: %s', (oid, text, value) => {
  expect(read(oid, text)).toEqual(value);
});

test('objects have no prototype, whatever their keys are', () => {
  const pair = read(20_000, '(1,"a ""b""")') as Record<string, unknown>;
  expect(Object.getPrototypeOf(pair)).toBeNull();
  expect(Object.entries(pair)).toEqual([['n', 1n], ['__proto__', 'a "b"']]);
  const map = read(20_001, '"__proto__"=>"1", "b\\"c"=>NULL') as Record<string, unknown>;
  expect(Object.entries(map)).toEqual([['__proto__', '1'], ['b"c', null]]);
});

describe('in CEL', () => {
  test.each([
    ['row.n + 1 == 8', 20, '7'],
    ['row.n > 6.5', 20, '7'],
    ['row.n.level == 3', 3802, '{"level": 3}'],
    ['row.n.level + 1 == 4', 3802, '{"level": 3}'],
    ['row.n.price < 10', 3802, '{"price": 9.5}'],
    ['2 in row.n', 1007, '{1,2}'],
    ['row.n[0] == 1', 1007, '{1,2}'],
    ['row.n > timestamp("2024-01-01T00:00:00Z")', 1184, 'infinity'],
    ['row.n < timestamp("2024-01-01T00:00:00Z")', 1082, '2023-12-31'],
    ['row.n.n == 5', 20_000, '(5,)'],
    ['row.n.a == "1"', 20_001, '"a"=>"1"'],
  ])('%s', (expression, oid, text) => {
    expect(evaluate(expression, { row: { n: read(oid, text) } })).toBe(true);
  });
});
