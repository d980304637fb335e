import { expect, onTestFinished, test } from 'vitest';
import type { EnrichConfig } from '../../src/config.ts';
import { describeQuery } from '../../src/enrich/describe-query.ts';
import { type Answer, type Argument, Lookup } from '../../src/enrich/lookup.ts';
import { parameterized } from '../../src/enrich/lookup-sql.ts';
import type { LookupDatabase, Statement, TextRows } from '../../src/enrich/port.ts';
import { WatchedAnswers } from '../../src/enrich/watched-answers.ts';
import { ReadOnlyDatabase } from '../../src/source/read-only-database.ts';
import type { TextTemplate } from '../../src/template.ts';
import { testDatabase } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

const SCHEMA = `
create type plan as enum ('free', 'pro');
create table things (id bigint primary key, name text, tags text[], plan plan, at timestamptz, doc jsonb, raw json, price numeric, ok boolean, "Odd ""name" int);
insert into things values
  (1, 'one', '{a,b}', 'free', '2024-01-31 12:00:00.123456+00', '{"b": 1, "a": 12345678901234567890}', '{"z": 1, "a": [1.50]}', 12.50, true, 1),
  (2, 'two "2" \\ {}', '{"c,d",NULL}', 'pro', null, null, null, 'NaN', false, 2),
  (3, null, null, null, 'infinity', '[]', null, 9007199254740993, null, 3);
create sequence counter;
`;

/** Counts the statements. */
class Counted implements LookupDatabase {
  readonly statements: string[] = [];
  readonly #database: ReadOnlyDatabase;

  constructor(database: ReadOnlyDatabase) {
    this.#database = database;
  }

  run(statement: Statement, timeout: number): Promise<TextRows> {
    this.statements.push(statement.text);
    return this.#database.run(statement, timeout);
  }

  together<T>(timeout: number, work: (run: (statement: Statement) => Promise<TextRows>) => Promise<T>): Promise<T> {
    return this.#database.together(timeout, work);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** `?` stands for a parameter. */
function template(sql: string): TextTemplate {
  const expression = { source: 'row.x', line: 1, column: 1 };
  return sql.split('?').flatMap((part, index) => (index === 0 ? [part] : [expression, part]));
}

async function databaseOf(schema = SCHEMA): Promise<{ database: Counted; db: TestDatabase }> {
  const db = await testDatabase(schema);
  const database = new Counted(new ReadOnlyDatabase(db.url));
  onTestFinished(() => database.close());
  return { database, db };
}

function lookupIn(database: LookupDatabase, sql: string, changes: Partial<EnrichConfig> = {}): Lookup {
  return new Lookup({ config: { sql: template(sql), many: false, timeout: 5_000, cache: null, ...changes }, database, watched: new WatchedAnswers() });
}

const QUERIES: readonly (readonly [sql: string, parameters: readonly (readonly Argument[])[]])[] = [
  ['select * from things where id = ?', [['1'], ['2'], ['3'], ['4'], [null], ['1']]],
  ['select name from things where name = ? or ?::text is null', [['one', 'x'], ['two "2" \\ {}', 'x'], [null, null], ['', '']]],
  ['select id from things where tags = ?', [['{a,b}'], ['{"c,d",NULL}'], [['a', 'b']], [['c,d', null]], [null], [[]]]],
  ['select id, name from things where id = any(?) order by id desc', [[[1n, 2n]], ['{3}'], [[]]]],
  ['select id from things where plan = ? and at is not distinct from ?', [['free', '2024-01-31 12:00:00.123456+00'], ['pro', null]]],
  ['select id from things where doc @> ? -- ends with a comment', [['{"b": 1}'], [[]]]],
  ['with mine as (select * from things where id = ?) select count(*) as n, max(price) as most from mine', [['1'], ['3'], ['9']]],
  ['select 1 as a, 2 as a, ?::int + 1 as "Odd ""name"', [['1'], ['2']]],
  ['select walhook_call from (select id as walhook_call from things) as t where walhook_call = ?', [['1'], ['2']]],
  ['select id from things order by id limit ?', [['0'], ['1'], ['2']]],
  ["select name from things where id = ? union all select 'none' order by 1", [['1'], ['2']]],
  ['values (?::int, ?::bool)', [['1', 'true'], ['2', 'f']]],
  ['select id, ? || name as greeting from things', [['hi '], ['bye ']]],
  ['select count(*) as n from things', [[], [], []]],
];

test.each([true, false])('a batch finds what single questions find (many: %s)', async (many) => {
  const { database } = await databaseOf();
  for (const [sql, parameters] of QUERIES) {
    const single: Answer[] = [];
    for (const one of parameters) single.push(await lookupIn(database, sql, { many }).ask(one));
    for (const answer of single) expect(answer, sql).toHaveProperty('value');
    const lookup = lookupIn(database, sql, { many });
    expect(await Promise.all(parameters.map((one) => lookup.ask(one))), sql).toEqual(single);
  }
  expect(database.statements.filter((text) => text.includes('walhook_call.place')).length).toBeGreaterThan(10);
});

const SIZED = `
create type plan as enum ('free', 'pro');
create domain code as char(3);
create domain label as varchar(5) check (value <> '');
create table sized (id int, c char(3), v varchar(3), b bit(3), vb varbit(5), n numeric(5, 2), cs char(3)[], bs bit(3)[], d code, l label, p plan, t timestamptz(3), q "char", m name);
insert into sized values
  (1, 'USD', 'abc', '101', '10101', 123.45, '{USD,EUR}', '{101,010}', 'USD', 'label', 'pro', '2024-01-31 12:00:00.123+00', 'x', 'a name'),
  (2, 'U', 'a', '111', '1', 1, '{U}', '{111}', 'U', 'l', 'free', '2024-01-31 12:00:00+00', 'y', 'n');
`;

test.each([
  ['c', ['USD', 'U', 'EUR', 'U  ']],
  ['v', ['abc', 'a', 'abcd']],
  ['b', ['101', '111', '1']],
  ['vb', ['10101', '1', '']],
  ['n', ['123.45', '1.00', '123.454']],
  ['cs', ['{USD,EUR}', '{U}', '{}']],
  ['bs', ['{101,010}', '{111}']],
  ['d', ['USD', 'U', 'EUR']],
  ['l', ['label', 'l', 'labels']],
  ['p', ['pro', 'free']],
  ['t', ['2024-01-31 12:00:00.123+00', '2024-01-31 12:00:00+00']],
  ['q', ['x', 'y']],
  ['m', ['a name', 'n']],
] as const)('a batch compares whole values with column %s', async (column, values) => {
  const { database } = await databaseOf(SIZED);
  for (const sql of [`select id from sized where ${column} = ?`, `select id from sized where ${column} = (select coalesce(?, ${column}) from sized limit 1)`]) {
    const single: Answer[] = [];
    for (const value of values) single.push(await lookupIn(database, sql).ask([value]));
    expect(single.slice(0, 2), sql).toEqual([{ value: { id: 1n } }, { value: { id: 2n } }]);
    const lookup = lookupIn(database, sql);
    expect(await Promise.all(values.map((value) => lookup.ask([value]))), sql).toEqual(single);
  }
});

test('an answer has the columns in their order, integers with all their digits, and is null where there is no row', async () => {
  const { database } = await databaseOf();
  const lookup = lookupIn(database, 'select raw, id, doc, price, at, tags, plan, "Odd ""name" from things where id = ?');
  const [one, none] = await Promise.all([lookup.ask(['1']), lookup.ask(['7'])]);
  expect(one).toEqual({
    value: { raw: { z: 1n, a: [1.5] }, id: 1n, doc: { a: 12345678901234567890n, b: 1n }, price: 12.5, at: '2024-01-31T12:00:00.123456+00:00', tags: ['a', 'b'], plan: 'free', 'Odd "name': 1n },
  });
  expect(Object.keys(('value' in one ? one.value : {}) as object)).toEqual(['raw', 'id', 'doc', 'price', 'at', 'tags', 'plan', 'Odd "name']);
  expect(none).toEqual({ value: null });
  expect(await lookupIn(database, 'select price from things where id = ?').ask(['3'])).toEqual({ value: { price: 9007199254740993n } });
  expect(await lookupIn(database, 'select id from things where id > ?', { many: true }).ask(['5'])).toEqual({ value: [] });
});

test('a value that its type does not take fails alone, in few statements', async () => {
  const { database } = await databaseOf();
  const lookup = lookupIn(database, 'select name from things where id = ?');
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => lookup.ask([n === 150 ? '99999999999999999999' : `${n}`])));
  expect(answers[150]).toEqual({ failure: 'SQLSTATE 22003' });
  expect(answers.filter((answer) => 'failure' in answer)).toHaveLength(1);
  expect(answers[1]).toEqual({ value: { name: 'one' } });
  expect(database.statements.length).toBeLessThan(20);
});

test('what a function says of its argument is not told, and fails its question alone', async () => {
  const { database } = await databaseOf();
  const lookup = lookupIn(database, "select id from things where to_tsvector('simple', name) @@ to_tsquery('simple', ?)");
  const ask = (words: readonly string[]): Promise<Answer[]> => Promise.all(words.map((word) => lookup.ask([word])));
  const found = { value: { id: 1n } };
  expect(await ask(['one', 'ssn 123-45-6789', 'two', 'three'])).toEqual([found, { failure: 'SQLSTATE 42601' }, { value: { id: 2n } }, { value: null }]);
  expect(await ask(['ssn 123-45-6789'])).toEqual([{ failure: 'SQLSTATE 42601' }]);
  // It can be a subquery all the same.
  database.statements.length = 0;
  expect(await ask(['one', 'one & o', 'three'])).toEqual([found, { value: null }, { value: null }]);
  expect(database.statements).toHaveLength(1);
});

test('nothing can be written', async () => {
  const { database } = await databaseOf();
  const answer = async (sql: string): Promise<string> => JSON.stringify(await lookupIn(database, sql).ask([]));
  expect(await answer(`select nextval('counter') as n`)).toContain('read-only transaction');
  expect(await answer('delete from things returning id')).toContain('failure');
  expect(await answer('with gone as (delete from things returning id) select * from gone')).toContain('failure');
  expect(await lookupIn(database, 'select count(*) as n from things').ask([])).toEqual({ value: { n: 3n } });
});

test('each lookup has its own timeout, and a cancelled one leaves its connection well', async () => {
  const { database } = await databaseOf();
  const slow = lookupIn(database, 'select pg_sleep(?)::text as slept', { timeout: 50 });
  const patient = lookupIn(database, 'select pg_sleep(?)::text as slept', { timeout: 20_000 });
  for (let i = 0; i < 2; i++) {
    expect(await slow.ask(['10'])).toEqual({ failure: 'took longer than 50 ms' });
    expect(await patient.ask(['0.1'])).toEqual({ value: { slept: '' } });
  }
});

test('a column whose type changes is asked for with its new type', async () => {
  const { db, database } = await databaseOf('create table t (id int primary key); insert into t values (1)');
  const lookup = lookupIn(database, 'select id from t where id = ?');
  expect(await Promise.all([lookup.ask(['1']), lookup.ask(['2'])])).toEqual([{ value: { id: 1n } }, { value: null }]);
  await db.sql('alter table t alter id type bigint; insert into t values (4294967296)');
  const ask = (): Promise<Answer[]> => Promise.all([lookup.ask(['1']), lookup.ask(['4294967296'])]);
  await ask();
  expect(await ask()).toEqual([{ value: { id: 1n } }, { value: { id: 4294967296n } }]);
});

test('which tables a query reads: through views, joins, subqueries and partitions, whatever its parameters', async () => {
  const { database } = await databaseOf(`
    create schema "Other";
    create table "Other".a (id int, b int); create table b (id int); create table c (id int); create table d (id int);
    create view v as select a.id, b.id as b from "Other".a left join b on b.id = a.b;
    create table p (id int, at int) partition by range (at);
    create table p1 partition of p for values from (0) to (10);
    create table p2 partition of p for values from (10) to (20)`);
  const tablesOf = async (sql: string): Promise<string[]> => {
    const { tables } = await describeQuery(database, parameterized(template(sql)), 5_000);
    return tables.map(({ schema, table }) => `${schema}.${table}`).toSorted();
  };
  expect(await tablesOf('select *, (select count(*) from c) from v where id = ?')).toEqual(['Other.a', 'public.b', 'public.c']);
  expect(await tablesOf('select 1 from p where at = ? and false is distinct from ?::boolean')).toEqual(['public.p', 'public.p1', 'public.p2']);
  expect(await tablesOf('select 1 from p where at = 5')).toEqual(['public.p', 'public.p1', 'public.p2']);
  expect(await tablesOf('select ?::int')).toEqual([]);
  await expect(tablesOf('select * from missing where id = ?')).rejects.toThrow('relation "missing" does not exist');
  expect(await tablesOf('select * from d where id = ?')).toEqual(['public.d']);
});
