import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../src/expression/compile-expression.ts';
import { type ExpressionColumn, ExpressionError } from '../../src/expression/expression.ts';
import { compileFilter } from '../../src/expression/filter.ts';
import { HELPER_FUNCTIONS } from '../../src/expression/helper-functions.ts';
import { jsonOf } from '../../src/expression/value-text.ts';

const COLUMNS: readonly ExpressionColumn[] = [
  { name: 'name', celType: 'string' },
  { name: 'at', celType: 'timestamp' },
  { name: 'tags', celType: 'list' },
  { name: 'profile', celType: 'dyn' },
  { name: 'nothing', celType: 'string' },
  { name: 'age', celType: 'int' },
];

const ROW = {
  name: 'Juliet',
  at: new Date('2026-03-29T00:59:59.999Z'),
  tags: ['a', null, 2n, true, new Date(0), { k: 1n }],
  profile: { plan: 'pro', seats: 5n },
  nothing: null,
  age: 42n,
};

function evaluate(source: string): unknown {
  const result = compileExpression(source, COLUMNS, []).evaluate({ row: Object.assign(Object.create(null), ROW), old: null });
  return 'value' in result ? jsonOf(result.value) : result.message;
}

describe('the example of a helper function gives what its line says', () => {
  test.each(HELPER_FUNCTIONS.map(({ example, gives }) => [example, gives]))('%s', (example, gives) => {
    expect(evaluate(example)).toBe(gives);
  });

  test('and each function is there once, and begins its signature', () => {
    const names = HELPER_FUNCTIONS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, signature, example } of HELPER_FUNCTIONS) {
      expect(signature.startsWith(`${name}(`)).toBe(true);
      expect(example.startsWith(`${name}(`)).toBe(true);
    }
  });
});

describe('helper functions', () => {
  test.each([
    ['upper(row.name)', '"JULIET"'],
    ['lower(row.profile.plan)', '"pro"'],
    ['join(row.tags, "; ")', '"a; 2; true; 1970-01-01T00:00:00.000Z; {\\"k\\":1}"'],
    ['join(split("a b c", " "), "-")', '"a-b-c"'],
    ['join([], ",")', '""'],
    ['default(row.nothing, row.name)', '"Juliet"'],
    ['default(row.nothing, row.nothing, 7)', '7'],
    ['default(row.nothing, row.nothing)', 'null'],
    ['default(row.profile.nowhere, [])', '[]'],
    ['upper(default(row.nothing, row.name))', '"JULIET"'],
    ['json(row.profile)', String.raw`"{\"plan\":\"pro\",\"seats\":5}"`],
    ['sha256(row.name) == sha256("Juliet")', 'true'],
    ['base64("é")', '"w6k="'],
    ['url_encode("é/?#")', '"%C3%A9%2F%3F%23"'],
    ['url_encode("😀".substring(0, 1))', '"%EF%BF%BD"'],
    ['replace("a.b.c", ".", "$&")', '"a$&b$&c"'],
    ['string(row.age) + int("7").string()', "found no matching overload for 'int.string()'"],
    ['format(row.at, "%F %T.%L %z")', '"2026-03-29 00:59:59.999 +0000"'],
    ['iso(row.at)', '"2026-03-29T00:59:59.999Z"'],
    ['unix(row.at)', '1774745999'],
    ['unix_ms(row.at)', '1774745999999'],
    ['int(row.at)', '1774745999'],
    ['string(row.at)', '"2026-03-29T00:59:59.999Z"'],
  ])('%s', (source, expected) => {
    try {
      expect(evaluate(source)).toBe(expected);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      expect(error.message).toBe(expected);
    }
  });

  test.each(HELPER_FUNCTIONS.filter(({ name }) => name !== 'default').map(({ name, overloads: [overload] }) => [name, (overload?.[0].split(',').length ?? 1) - 1]))(
    '%s of null is null',
    (name, others) => {
      const argument = name === 'join' ? 'row.profile.nowhere' : ['format', 'iso', 'unix', 'unix_ms'].includes(name) ? 'changed.at' : 'changed.name';
      const more = Array.from({ length: others }, () => ', "x"').join('').replace('"x"', name === 'format' ? '"%Y"' : '"x"');
      const compiled = compileExpression(`${name}(${argument}${more})`, COLUMNS, []);
      expect(compiled.evaluate({ row: Object.assign(Object.create(null), ROW), changed: {} })).toEqual({ value: null });
    },
  );

  test('are there in filters too', () => {
    expect(compileFilter('lower(row.name) == "juliet" && default(row.nothing, "x") == "x"', COLUMNS).evaluate({ row: { name: 'JULIET', nothing: null } })).toBe(true);
  });
});

describe('what is written out is looked at before there is a row', () => {
  test.each([
    ['format(row.at, "%Y-%m-%Q")', 16, '%Q is no directive of a time format'],
    ['format(row.at, "100%")', 16, '% is no directive of a time format'],
    ['format(row.at, "%F", "Mars/Olympus")', 22, 'not a time zone'],
    ['iso(row.at, "Mars")', 13, 'not a time zone'],
    ['format(row.name, "%F")', 1, "found no matching overload for 'format(string, string)'"],
    ['sha256(row.age)', 1, "found no matching overload for 'sha256(int)'"],
  ])('%s', (source, column, message) => {
    const refused = (): unknown => compileExpression(source, COLUMNS, []);
    expect(refused).toThrow(message);
    expect(refused).toThrow(expect.objectContaining({ line: 1, column }));
  });

  test('and what a row says instead fails there, without its value', () => {
    expect(evaluate('format(row.at, row.name + "%Q")')).toBe('invalid time format');
    expect(evaluate('iso(row.at, row.name)')).toBe('invalid time format');
    expect(evaluate('lower(row.profile.seats)')).toBe('no matching overload: lower(int), at line 1, column 1');
  });
});
