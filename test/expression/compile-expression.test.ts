import { describe, expect, test } from 'vitest';
import { compileExpression } from '../../src/expression/compile-expression.ts';
import type { Activation, ExpressionColumn } from '../../src/expression/expression.ts';
import { Withheld } from '../../src/expression/withheld.ts';

const COLUMNS: readonly ExpressionColumn[] = [
  { name: 'id', celType: 'int' },
  { name: 'name', celType: 'string' },
  { name: 'age', celType: 'int' },
  { name: 'price', celType: 'double' },
  { name: 'at', celType: 'timestamp' },
  { name: 'tags', celType: 'list' },
  { name: 'profile', celType: 'dyn' },
];

const ROW = { id: 7n, name: 'Juliet', age: 42n, price: 9.5, at: new Date(0), tags: ['x', null], profile: { plan: 'pro' } };

function bare(values: object): Record<string, unknown> {
  return Object.assign(Object.create(null) as Record<string, unknown>, values);
}

function evaluate(source: string, changes: Activation = {}): unknown {
  const result = compileExpression(source, COLUMNS, ['org', 'sites']).evaluate({ org: null, sites: [], row: bare(ROW), old: null, changed: {}, ...changes });
  return 'value' in result ? result.value : result;
}

test.each([
  ['row.name', 'string'],
  ['row.age + 1', 'int'],
  ['row.price * 2.0', 'double'],
  ['row.at', 'timestamp'],
  ['row.at - row.at', 'duration'],
  ['[row.name]', 'list<string>'],
  ['{"a": row.age}', 'map<string, int>'],
  ['row.profile.plan', 'dyn'],
  ['org', 'dyn'],
  ['row', 'row'],
  ['upper(row.name)', 'string'],
])('%s is of type %s', (source, type) => {
  expect(compileExpression(source, COLUMNS, ['org']).type).toBe(type);
});

test.each([
  ['row.price', { variable: 'row', name: 'price' }],
  ['(row["price"])', { variable: 'row', name: 'price' }],
  ['old.price', { variable: 'old', name: 'price' }],
  ['changed.price', { variable: 'changed', name: 'price' }],
  ['row', { variable: 'row', name: null }],
  ['old', { variable: 'old', name: null }],
  ['changed', { variable: 'changed', name: null }],
  ['changed[row.name]', null],
  ['row.price + 0.0', null],
  ['row.profile.plan', null],
  ['event.id', null],
  ['org', null],
])('%s is bare: %o', (source, expected) => {
  expect(compileExpression(source, COLUMNS, ['org']).bare).toEqual(expected);
});

test('values of any type, and null as in SQL', () => {
  expect(evaluate('row.age + 1')).toBe(43n);
  expect(evaluate('row.name + "!"')).toBe('Juliet!');
  expect(evaluate('[row.name, row.age, null]')).toEqual(['Juliet', 42n, null]);
  expect(evaluate('{"plan": row.profile.plan, "constructor": row.age}')).toEqual(bare({ plan: 'pro', constructor: 42n }));
  expect(evaluate('row.tags.map(t, {"id": row.id, "t": t})')).toEqual([bare({ id: 7n, t: 'x' }), bare({ id: 7n, t: null })]);
  expect(evaluate('row.name + row.profile.nowhere')).toBeNull();
  expect(evaluate('old.age')).toBeNull();
});

test('branches of two types, and of null, go together', () => {
  expect(evaluate('row.age > 40 ? row.name : null')).toBe('Juliet');
  expect(evaluate('row.age > 50 ? row.name : null')).toBeNull();
  expect(evaluate('row.age > 50 ? row.name : row.age')).toBe(42n);
});

test.each(['row.tags.map(t, t)', 'row.tags.filter(t, true)', '[1, 2].map(n, n + row.age)', '{"a": [], "b": row.tags.map(t, t)}'])('%s gives nothing of the row before', (source) => {
  const compiled = compileExpression(source, COLUMNS, []);
  const first = { row: bare({ ...ROW, tags: ['first'], age: 1n }) };
  const second = { row: bare({ ...ROW, tags: ['second'], age: 2n }) };
  const alone = compileExpression(source, COLUMNS, []).evaluate(second);
  compiled.evaluate(first);
  expect(compiled.evaluate(second)).toEqual(alone);
});

test('what was looked up', () => {
  const org = bare({ name: 'Acme', address: { city: 'Utrecht' } });
  expect(evaluate('org.name', { org })).toBe('Acme');
  expect(evaluate('org.address.city + ", " + row.name', { org })).toBe('Utrecht, Juliet');
  expect(evaluate('org.name')).toBeNull();
  expect(evaluate('org == null')).toBe(true);
  expect(evaluate('sites.map(s, s.url)', { sites: [bare({ url: 'a' }), bare({ url: 'b' })] })).toEqual(['a', 'b']);
  expect(compileExpression('org.name + sites[0].url + row.name', COLUMNS, ['org', 'sites', 'other'])).toMatchObject({ lookups: ['org', 'sites'], columns: { row: ['name'] } });
});

describe('refused', () => {
  test.each([
    ['row.nmae', 1, 5, 'no column "nmae" (did you mean "name"?)'],
    ['orgg.name', 1, 1, 'no variable "orgg" (did you mean "org"?)'],
    ['row.tags.map(org, org)', 1, 1, 'org has a meaning already: name the variable otherwise'],
    ['[row]', 1, 2, 'row is used as a whole: name a column, as in row.id'],
    ['event', 1, 1, 'event is used as a whole: name a column, as in event.id'],
    ['row.age +\n  row.name', 1, 1, 'int + string: these types do not go together'],
    ['row.age > 1 ? row.nmae : 1', 1, 19, 'no column "nmae" (did you mean "name"?)'],
  ])('%s', (source, line, column, message) => {
    expect(() => compileExpression(source, COLUMNS, ['org'])).toThrow(expect.objectContaining({ message, line, column }));
  });
});

test('a failure tells the place and the types, and no value', () => {
  expect(evaluate('row.profile.plan > 5')).toEqual({ message: 'no such overload: string > int, at line 1, column 1' });
  expect(evaluate('row.profile + [1]')).toEqual({ message: 'no such overload: map<string, string> + list<int>, at line 1, column 1' });
  expect(evaluate('row.age /\n (row.id - 7)')).toEqual({ message: 'division by zero, at line 1, column 1' });
  expect(evaluate('int(row.name)')).toEqual({ message: 'int conversion error, at line 1, column 1' });
});

describe('a hidden value', () => {
  const row = bare({ ...ROW, age: Withheld.hidden('<<R>>'), tags: Withheld.hidden('<<R>>'), profile: Withheld.hidden('<<R>>') });

  test.each([
    'row.age', 'row.age + 1', 'row.age == null', 'has(row.age)', 'row.age > 40 && true', '!(row.age > 40)', 'row.age > 40 ? "old" : "young"', 'string(row.age)',
    'default(row.age, 1)', '[row.age]', '{"a": row.age}', 'row.tags.map(t, t)', 'row.tags.exists(t, t == "x")', 'size(row.tags)', 'row.profile.plan', 'has(row.profile.plan)',
    'row.profile', '"x" in row.tags', 'row.age in [1, 2]', 'cel.bind(a, row.age, a > 5)', 'json(row.profile)', 'join([row.name, row.profile.plan], " ")', 'row["age"]',
    '[1, 2].exists(n, n == row.age)', '[1, 2].map(n, n + row.age)', '[1, 2].filter(n, n == row.age)',
  ])('makes %s the redacted text', (source) => {
    expect(evaluate(source, { row })).toBe('<<R>>');
  });

  test('does not matter where it is not asked for', () => {
    expect(evaluate('row.name == "Juliet" ? row.name : row.profile.plan', { row })).toBe('Juliet');
    expect(evaluate('row.name == "Juliet" || row.age > 5', { row })).toBe(true);
    expect(evaluate('row.age > 5 || row.name == "Juliet"', { row })).toBe(true);
    expect(evaluate('row.age > 5 || row.name == "x"', { row })).toBe('<<R>>');
  });
});

test('a value that the WAL does not carry fails where it is asked for', () => {
  const row = bare({ ...ROW, profile: Withheld.notInWal('row.profile') });
  expect(evaluate('row.profile.plan', { row })).toEqual({ message: 'the WAL does not carry row.profile (it does with REPLICA IDENTITY FULL)' });
  expect(evaluate('row.age > 1 ? row.name : row.profile', { row })).toBe('Juliet');
});
