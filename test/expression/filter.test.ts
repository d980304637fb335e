import { describe, expect, test } from 'vitest';
import { type Activation, type EventFacts, type ExpressionColumn, ExpressionError, type Values } from '../../src/expression/expression.ts';
import { compileFilter } from '../../src/expression/filter.ts';

const COLUMNS: readonly ExpressionColumn[] = [
  { name: 'id', celType: 'int' },
  { name: 'name', celType: 'string' },
  { name: 'country', celType: 'string' },
  { name: 'email', celType: 'string' },
  { name: 'age', celType: 'int' },
  { name: 'price', celType: 'double' },
  { name: 'active', celType: 'bool' },
  { name: 'created_at', celType: 'timestamp' },
  { name: 'profile', celType: 'dyn' },
  { name: 'tags', celType: 'list' },
  { name: 'Odd "Name"', celType: 'string' },
  { name: 'constructor', celType: 'string' },
  { name: '__proto__', celType: 'string' },
];

const ROW: Values = {
  id: 7n,
  name: 'Juliet Rose',
  country: 'NL',
  email: 'jrose@acme.com',
  age: 42n,
  price: 9.5,
  active: true,
  created_at: new Date('2026-01-02T03:04:05.678Z'),
  profile: { plan: 'pro', seats: 5, owner: { id: 1 }, labels: ['a', 'b'], nothing: null, constructor: { name: 'secret' } },
  tags: ['x', 'y', null],
  'Odd "Name"': 'odd',
};

const EVENT: EventFacts = {
  id: 'evt_1',
  operation: 'data_update',
  table: 'profiles',
  schema: 'public',
  lsn: '0/1',
  xid: 77n,
  time: new Date('2026-01-02T03:04:06Z'),
  unix: 1_767_323_046n,
  lookup_values: [bare({ field: 'email', value: 'jrose@acme.com' })],
  redacted: ['phone'],
};

function bare(values: Values): Values {
  return Object.assign(Object.create(null) as Values, values);
}

function activation(changes: { row?: Values; old?: Values | null; changed?: Values } = {}): Activation {
  const row = bare({ ...Object.fromEntries(COLUMNS.map(({ name }) => [name, null])), ...ROW, ...changes.row });
  return {
    row,
    old: changes.old === undefined || changes.old === null ? null : bare({ ...row, ...changes.old }),
    changed: bare(changes.changed ?? {}),
    event: EVENT,
  };
}

function evaluate(source: string, changes?: Parameters<typeof activation>[0]): unknown {
  return compileFilter(source, COLUMNS).evaluate(activation(changes));
}

describe('an expression selects', () => {
  test.for([
    ['row.country == "NL"', true],
    ['row.country == "BE"', false],
    ['row.country != "BE"', true],
    ['row.country in ["BE", "NL"]', true],
    ['!(row.country in ["BE", "NL"])', false],
    ['row.age >= 18 && row.age < 65', true],
    ['row.age > 40.5', true],
    ['row.age == 42.0', true],
    ['row.age in [41.5, 42.0]', true],
    ['row.age % 2 == 0', true],
    ['row.age + 0.5 > 42', true],
    ['row.age / 2.0 == 21', true],
    ['row.price == 9.5', true],
    ['row.price > 9', true],
    ['row.price == 9', false],
    ['row.price in [9, 10]', false],
    ['row.price * 2 == 19', true],
    ['row.active', true],
    ['!row.active', false],
    ['row.active == true', true],
    ['row.name.startsWith("Jul") && row.name.endsWith("Rose") && row.name.contains("t R")', true],
    ['row.name.matches("^J.*e$")', true],
    ['row.name.lowerAscii() == "juliet rose"', true],
    ['size(row.name) == 11', true],
    ['row.name.size() > 20', false],
    ['row.created_at > timestamp("2026-01-01T00:00:00Z")', true],
    ['row.created_at == timestamp("2026-01-02T03:04:05.678Z")', true],
    ['event.time - row.created_at < duration("1s")', true],
    ['row.created_at + duration("24h") > event.time', true],
    ['row.created_at.getFullYear() == 2026', true],
    ['row.profile.plan == "pro"', true],
    ['row.profile["plan"] == "pro"', true],
    ['row.profile.seats == 5', true],
    ['row.profile.seats > 4', true],
    ['row.profile.seats in [4, 5]', true],
    ['row.profile.plan == 5', false],
    ['row.profile.owner.id == 1', true],
    ['row.profile.labels[1] == "b"', true],
    ['"a" in row.profile.labels', true],
    ['"plan" in row.profile', true],
    ['row.profile.labels.exists(l, l == "b")', true],
    ['row.profile.labels.all(l, l == "b")', false],
    ['"x" in row.tags', true],
    ['size(row.tags) == 3', true],
    ['row.tags.exists(t, t == "y")', true],
    ['row.tags.filter(t, t != null).size() == 2', true],
    ['row.tags[0] == "x"', true],
    ['row.active ? row.age > 40 : row.age > 50', true],
    ['row["Odd \\"Name\\""] == "odd"', true],
    ['event.operation == "data_update" && event.table == "profiles" && event.xid == 77', true],
    ['event.unix > 1700000000', true],
    ['event.lookup_values.exists(l, l.field == "email" && l.value == row.email)', true],
    ['"phone" in event.redacted', true],
    ['cel.bind(n, row.age, n > 40 && n < 50)', true],
    ['type(row.age) == int', true],
    ['string(row.age) == "42"', true],
  ] as const)('%s: %s', ([source, expected]) => {
    expect(evaluate(source)).toBe(expected);
  });

  test.for([
    ['row.constructor == "c"', { constructor: 'c' }],
    ['row["__proto__"] == "p"', { ['__proto__']: 'p' }],
  ] as const)('a column whose name JavaScript knows: %s', ([source, row]) => {
    expect(compileFilter(source, COLUMNS).evaluate({ row: bare(row) })).toBe(true);
  });
});

describe('null is as in a WHERE', () => {
  const nulls: Values = Object.fromEntries(COLUMNS.map(({ name }) => [name, null]));

  test.for([
    'row.name == "x"',
    'row.name != "x"',
    '"x" == row.name',
    'row.age < 5',
    'row.age <= 5',
    'row.age > 5',
    'row.age >= 5',
    '5 < row.age',
    'row.age == row.id',
    'row.age in [1, 2]',
    '!(row.age in [1, 2])',
    '!(row.name == "x")',
    '"x" in row.tags',
    'row.active',
    '!row.active',
    'row.active == true',
    'row.active != true',
    'row.active || row.age > 5',
    'row.active && true',
    'row.name.startsWith("x")',
    '!row.name.startsWith("x")',
    '"xyz".contains(row.name)',
    'row.name.lowerAscii() == "x"',
    'size(row.name) == 0',
    'size(row.tags) == 0',
    'row.age + 1 > 0',
    '-row.age < 0',
    'row.created_at > timestamp("2026-01-01T00:00:00Z")',
    'row.created_at.getFullYear() > 2000',
    'row.profile.plan == "pro"',
    'row.profile.a.b.c == 1',
    '"plan" in row.profile',
    'row.tags.exists(t, t == "x")',
    'row.tags.all(t, t == "x")',
    'row.tags.map(t, t + "!") == ["x!"]',
    'row.active ? true : false',
    'string(row.age) == "null"',
    'has(row.name)',
    'has(row.profile.plan)',
    'old.name == "x"',
    'has(old.name)',
    'row.name != old.name',
    'changed.name == "x"',
  ])('%s does not hold', (source) => {
    expect(evaluate(source, { row: nulls, old: null })).toBe(false);
  });

  test.for([
    'row.name == null',
    'null == row.name',
    '!(row.name != null)',
    'row.age == null && row.created_at == null && row.profile == null && row.tags == null && row.active == null',
    'old == null',
    'old.name == null',
    'row.active || true',
    'true || row.active',
    '!(row.active && false)',
    'row.name == "x" || row.name == null',
    'row.active ? false : true',
    'changed.name == null',
    'row.profile.plan == null',
    '!has(row.name)',
  ])('%s holds', (source) => {
    expect(evaluate(source, { row: nulls, old: null })).toBe(true);
  });

  test('also within json: what is not there is null', () => {
    expect(evaluate('row.profile.nothing == null && row.profile.nowhere.at.all == null && row.profile.labels[9] == null')).toBe(true);
    expect(evaluate('row.profile.plan.deeper == "x"')).toBe(false);
    expect(evaluate('row.profile.labels["x"] == null && row.profile.plan[0] == null')).toBe(true);
    expect(evaluate('has(row.profile.nothing) && !has(row.profile.nowhere)')).toBe(true);
    expect(evaluate('row.profile.labels.length == null && row.profile.toString == null')).toBe(true);
  });
});

describe('what changed', () => {
  test('the old row', () => {
    expect(evaluate('old.country == "BE" && row.country == "NL"', { old: { country: 'BE' } })).toBe(true);
    expect(evaluate('old != null && old.age < row.age', { old: { age: 41n } })).toBe(true);
    expect(evaluate('old != null', { old: null })).toBe(false);
  });

  test('the changed columns and their new values', () => {
    const changes = { changed: { email: 'new@acme.com', name: null } };
    expect(evaluate('"email" in changed', changes)).toBe(true);
    expect(evaluate('"name" in changed && changed.name == null', changes)).toBe(true);
    expect(evaluate('"country" in changed', changes)).toBe(false);
    expect(evaluate('changed.email.endsWith("@acme.com")', changes)).toBe(true);
    expect(evaluate('changed.country == "NL"', changes)).toBe(false);
    expect(evaluate('has(changed.name) && !has(changed.country)', changes)).toBe(true);
    expect(evaluate('size(changed) == 2 && changed.exists(c, c == "email")', changes)).toBe(true);
    expect(evaluate('row.name in changed', { ...changes, row: { name: 'email' } })).toBe(true);
    expect(evaluate('changed[row.name] == "new@acme.com"', { ...changes, row: { name: 'email' } })).toBe(true);
  });
});

test('a filter tells which values it needs, and needs no others', () => {
  const filter = compileFilter('row.age > 5 && (has(row.name) || row["email"] == old.country) && row.tags.exists(t, t == row.country)', COLUMNS);
  expect(filter.columns).toEqual({
    row: ['age', 'name', 'email', 'tags', 'country'],
    old: ['country'],
    usesOld: true,
    changed: false,
    event: false,
  });
  const needs = (source: string): unknown => compileFilter(source, COLUMNS).columns;
  expect(needs('true')).toEqual({ row: [], old: [], usesOld: false, changed: false, event: false });
  expect(needs('old == null')).toEqual({ row: [], old: [], usesOld: true, changed: false, event: false });
  expect(needs('"email" in changed')).toEqual({ row: [], old: [], usesOld: false, changed: true, event: false });
  expect(needs('size(changed) > 1')).toEqual({ row: [], old: [], usesOld: false, changed: true, event: false });
  expect(needs('event.xid > 1')).toEqual({ row: [], old: [], usesOld: false, changed: false, event: true });
  expect(compileFilter('row.age > 5 && row.name != null', COLUMNS).evaluate({ row: bare({ age: 6n, name: '' }) })).toBe(true);
});

describe('an expression that cannot work is refused, with its place', () => {
  test.for([
    ['row.nmae == "x"', 1, 5, 'no column "nmae" (did you mean "name"?)'],
    ['row.age > 1 &&\n  row["emial"] == "x"', 2, 7, 'no column "emial" (did you mean "email"?)'],
    ['old.nmae == "x"', 1, 5, 'no column "nmae" (did you mean "name"?)'],
    ['changed.zzzzzz == 1', 1, 9, 'no column "zzzzzz"'],
    ['"nmae" in changed', 1, 1, 'no column "nmae" (did you mean "name"?)'],
    ['has(row.nmae)', 1, 9, 'no column "nmae" (did you mean "name"?)'],
    ['row.tags.exists(t, t == row.nmae)', 1, 29, 'no column "nmae" (did you mean "name"?)'],
    ['event.opertion == "x"', 1, 7, 'no field "opertion" in event (did you mean "operation"?)'],
    ['rwo.name == "x"', 1, 1, 'no variable "rwo" (did you mean "row"?)'],
    ['email == "x"', 1, 1, 'no variable "email" (did you mean "row.email"?)'],
    ['now > 5', 1, 1, 'no variable "now" (did you mean "row"?)'],
    ['row == old', 1, 1, 'row is used as a whole: name a column, as in row.id'],
    ['row[row.name] == 1', 1, 9, 'row[…] takes a name in quotes'],
    ['row.tags.exists(row, row == "x")', 1, 1, 'row has a meaning already: name the variable otherwise'],
    ['row.age == "x"', 1, 1, 'int == string: these types do not go together'],
    ['row.age + row.name > 1', 1, 1, 'int + string: these types do not go together'],
    ['true &&\n  row.created_at > "2026-01-01"', 2, 3, "timestamp > string: these types do not go together; write timestamp('2026-01-31T00:00:00Z')"],
    ['row.name', 1, 1, 'gives string, not true or false'],
    ['row.age + 1', 1, 1, 'gives int, not true or false'],
    ['row.created_at', 1, 1, 'gives timestamp, not true or false'],
    ['row.age > 1 &&', 1, 15, 'Unexpected token: EOF'],
    ['', 1, 1, 'Unexpected token: EOF'],
    ['row.created_at > timestamp("soon")', 1, 18, 'timestamp() requires a string in ISO 8601 format'],
    ['row.age > 1 && duration("x") > duration("1h")', 1, 16, 'Invalid duration string: x'],
    ['row.name.nope()', 1, 1, "found no matching overload for 'string.nope()'"],
    ['row.profile.plan.nope()', 1, 1, "found no matching overload for 'dyn.nope()'"],
    ['nope(row.name)', 1, 1, "found no matching overload for 'nope(string)'"],
  ] as const)('%j', ([source, line, column, message]) => {
    const error = catchError(() => compileFilter(source, COLUMNS));
    expect({ message: error.message, line: error.line, column: error.column }).toEqual({ message, line, column });
  });

  test.for(['"', 'row.', 'row.age >', '(row.age > 1', 'row.age > 1 1', 'a b', '$', '\u0000', `${'('.repeat(400)}true${')'.repeat(400)}`])('%j', (source) => {
    expect(catchError(() => compileFilter(source, COLUMNS)).line).toBe(1);
  });

  function catchError(run: () => unknown): ExpressionError {
    try {
      run();
    } catch (error) {
      if (error instanceof ExpressionError) return error;
      throw error;
    }
    throw new Error('compiled');
  }
});

describe('what goes wrong on a row is told without its values', () => {
  test.for([
    ['row.age / (row.id - 7) == 1', 'division by zero, at line 1, column 1'],
    ['row.age > 1 &&\n  row.age % (row.id - 7) == 1', 'modulo by zero, at line 2, column 3'],
    ['int(row.name) == 1', 'int conversion error, at line 1, column 1'],
    ['timestamp(row.name) > row.created_at', 'invalid timestamp, at line 1, column 1'],
    ['row.name.matches(row.email + "(")', 'invalid regular expression, at line 1, column 1'],
    ['bool(row.name)', 'bool conversion error, at line 1, column 1'],
    ['row.profile.plan > 5', 'no such overload: string > int, at line 1, column 1'],
    ['row.profile.seats.startsWith("x")', 'no matching overload: double.startsWith(string), at line 1, column 1'],
    ['row.profile.plan', 'the expression gives neither true nor false'],
    ['row.profile.plan && true', 'invalid logical operand'],
    ['row.profile.owner', 'the expression gives neither true nor false'],
  ] as const)('%s', ([source, message]) => {
    expect(evaluate(source)).toEqual({ message });
  });

  test('an error does not count where the other side decides', () => {
    expect(evaluate('row.age / (row.id - 7) == 1 || row.active')).toBe(true);
    expect(evaluate('row.age / (row.id - 7) == 1 && !row.active')).toBe(false);
  });
});

test('filters do not share anything', () => {
  const first = compileFilter('row.x == 1', [{ name: 'x', celType: 'int' }]);
  const second = compileFilter('row.x == "1"', [{ name: 'x', celType: 'string' }]);
  expect(first.evaluate({ row: bare({ x: 1n }) })).toBe(true);
  expect(second.evaluate({ row: bare({ x: '1' }) })).toBe(true);
  expect(first.evaluate({ row: bare({ x: 2n }) })).toBe(false);
});
