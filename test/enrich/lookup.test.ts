import { expect, test } from 'vitest';
import type { EnrichConfig } from '../../src/config.ts';
import { type Answer, Lookup } from '../../src/enrich/lookup.ts';
import type { LookupDatabase, Statement, TextRows } from '../../src/enrich/port.ts';
import { WatchedAnswers } from '../../src/enrich/watched-answers.ts';

const SQL = ['select name from organizations where id = ', { source: 'row.id', line: 1, column: 1 }];
const RELATION = { oid: 5, schema: 'public', table: 'organizations', replicaIdentity: 'd', columns: [] } as const;

/** A database whose one query takes a bigint; the test answers, batch by batch. */
class Fake implements LookupDatabase {
  /** The questions of each statement. */
  readonly asked: (readonly (string | null)[])[] = [];
  described = 0;
  type = 'bigint';
  /** Why Postgres does not take a query that is prepared by this text. */
  refuses: (text: string) => Error | null = () => null;
  answer: (id: string | null) => string | null | Error = (id) => JSON.stringify({ name: `Organization ${id}` });
  /** Waited for before a statement is answered. */
  gate: Promise<void> = Promise.resolve();

  async run({ values }: Statement): Promise<TextRows> {
    const [first] = values;
    const ids = Array.isArray(first) ? (first as (string | null)[]) : (values as (string | null)[]);
    this.asked.push(ids);
    await this.gate;
    return ids.map((id) => {
      const found = this.answer(id);
      if (found instanceof Error) throw found;
      return [found];
    });
  }

  async together<T>(_timeout: number, work: (run: (statement: Statement) => Promise<TextRows>) => Promise<T>): Promise<T> {
    this.described++;
    return work(({ text }) => {
      const refused = text.startsWith('prepare') ? this.refuses(text) : null;
      if (refused !== null) return Promise.reject(refused);
      if (text.includes('pg_prepared_statements')) return Promise.resolve([[this.type, String(this.type.endsWith('[]'))]]);
      if (text.startsWith('explain')) return Promise.resolve([[JSON.stringify([{ Plan: { Plans: [{ 'Relation Name': 'organizations', Schema: 'public' }] } }])]]);
      if (text.startsWith('with recursive')) return Promise.resolve([['5', 'public', 'organizations']]);
      return Promise.resolve([]);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function lookupOf(changes: Partial<EnrichConfig> = {}): { database: Fake; watched: WatchedAnswers; lookup: Lookup } {
  const database = new Fake();
  const watched = new WatchedAnswers();
  const config: EnrichConfig = { sql: SQL, many: false, timeout: 100, cache: null, ...changes };
  return { database, watched, lookup: new Lookup({ config, database, watched }) };
}

function sqlError(code: string, message = 'a message'): Error {
  return Object.assign(new Error(message), { code });
}

/** Until what was asked before has been sent. */
async function turn(): Promise<void> {
  for (let i = 0; i < 2; i++) await new Promise(setImmediate);
}

const named = (id: string): Answer => ({ value: { name: `Organization ${id}` } });

test('what is asked in one turn is one batch, equal questions are one, and what comes meanwhile is the next batch', async () => {
  const { database, lookup } = lookupOf();
  await lookup.ask(['0']);
  const gate = Promise.withResolvers<void>();
  database.gate = gate.promise;
  const first = Promise.all(['1', '2', '1', '3'].map((id) => lookup.ask([id])));
  await turn();
  const second = [lookup.ask(['4']), lookup.ask(['1'])];
  await turn();
  const third = lookup.ask(['5']);
  gate.resolve();
  expect(await first).toEqual(['1', '2', '1', '3'].map(named));
  expect(await Promise.all([...second, third])).toEqual(['4', '1', '5'].map(named));
  expect(database.asked).toEqual([['0'], ['1', '2', '3'], ['4', '1', '5']]);
  expect(database.described).toBe(1);
});

test('a thousand questions take two batches', async () => {
  const { database, lookup } = lookupOf();
  await Promise.all(Array.from({ length: 1_000 }, (_, id) => lookup.ask([String(id)])));
  expect(database.asked.map(({ length }) => length)).toEqual([500, 500]);
});

test.each([
  ['a value that does not fit', sqlError('22003', 'value "7" is out of range'), 'SQLSTATE 22003'],
  ['a query that takes too long', sqlError('57014'), 'took longer than 100 ms'],
])('%s fails alone', async (_what, error, told) => {
  const { database, lookup } = lookupOf();
  database.answer = (id) => (id === '7' || id === '93' ? error : '{"a":1}');
  const answers = await Promise.all(Array.from({ length: 100 }, (_, id) => lookup.ask([String(id)])));
  for (const [id, answer] of answers.entries()) expect(answer).toEqual(id === 7 || id === 93 ? { failure: told } : { value: { a: 1n } });
  expect(database.asked.length).toBeLessThan(40);
});

test('a lost connection and a table that is gone fail all of a batch, and a later question is asked anew', async () => {
  const { database, lookup } = lookupOf();
  const missing = sqlError('42P01', 'relation "organizations" does not exist');
  await lookup.ask(['0']);
  for (const [error, told] of [
    [new Error('Connection terminated unexpectedly'), 'Connection terminated unexpectedly'],
    [missing, 'relation "organizations" does not exist (SQLSTATE 42P01)'],
  ] as const) {
    database.asked.length = 0;
    database.answer = () => error;
    database.refuses = () => (error === missing ? missing : null);
    expect(await Promise.all(['1', '2', '3'].map((id) => lookup.ask([id])))).toEqual(['1', '2', '3'].map(() => ({ failure: told })));
    expect(database.asked).toHaveLength(1);
  }
  database.answer = () => null;
  database.refuses = () => null;
  expect(await lookup.ask(['1'])).toEqual({ value: null });
  // The table may be another one now.
  expect(database.described).toBe(3);
});

test('an error that a function raises for a value, be it that of a wrong query, fails its question alone and is told without its message', async () => {
  const { database, lookup } = lookupOf();
  database.answer = (id) => (id === '7' ? sqlError('42601', 'syntax error in tsquery: "a secret"') : `{"a":1}`);
  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, id) => lookup.ask([String(id)])));
    for (const [id, answer] of answers.entries()) expect(answer).toEqual(id === 7 ? { failure: 'SQLSTATE 42601' } : { value: { a: 1n } });
    expect(await lookup.ask(['7'])).toEqual({ failure: 'SQLSTATE 42601' });
  }
  expect(database.asked.length).toBeLessThan(60);
});

test('a query that cannot be a subquery is asked one by one', async () => {
  const { database, lookup } = lookupOf();
  const run = database.run.bind(database);
  const refused = sqlError('42P10', 'argument of LIMIT must not contain variables');
  let batches = 0;
  database.run = async (statement) => {
    if (!Array.isArray(statement.values[0])) return run(statement);
    batches++;
    throw refused;
  };
  database.refuses = (text) => (text.includes('walhook_call') ? refused : null);
  for (let round = 0; round < 2; round++) {
    expect(await Promise.all(['1', '2', '3'].map((id) => lookup.ask([id])))).toEqual(['1', '2', '3'].map(named));
  }
  expect(database.asked).toEqual([['1'], ['2'], ['3'], ['1'], ['2'], ['3']]);
  expect(batches).toBe(1);
});

test('a table that comes back while its query fails is asked in batches again', async () => {
  const { database, lookup } = lookupOf();
  const run = database.run.bind(database);
  let isMissing = true;
  database.run = async (statement) => {
    if (!isMissing) return run(statement);
    isMissing = false;
    throw sqlError('42P01', 'relation "organizations" does not exist');
  };
  database.answer = (id) => (id === '3' ? sqlError('22003') : null);
  const answers = await Promise.all(['1', '2', '3'].map((id) => lookup.ask([id])));
  expect(answers).toEqual([{ value: null }, { value: null }, { failure: 'SQLSTATE 22003' }]);
  await Promise.all(['4', '5'].map((id) => lookup.ask([id])));
  expect(database.asked.at(-1)).toEqual(['4', '5']);
});

test('an answer is used again until it is too old, or until a table that it was read from changes', async () => {
  const { database, watched, lookup } = lookupOf({ cache: 60_000 });
  const ask = async (): Promise<number> => {
    await lookup.ask(['1']);
    return database.asked.length;
  };
  expect([await ask(), await ask()]).toEqual([1, 1]);
  watched.changed({ ...RELATION, oid: 6, table: 'tags' });
  expect(await ask()).toBe(1);
  watched.changed(RELATION);
  expect([await ask(), await ask()]).toEqual([2, 2]);
  // Renamed, and dropped and made anew.
  watched.changed({ ...RELATION, table: 'companies' });
  expect(await ask()).toBe(3);
  watched.changed({ ...RELATION, oid: 99 });
  expect(await ask()).toBe(4);
});

test('an answer that was under way when the table changed is given, and not kept', async () => {
  const { database, watched, lookup } = lookupOf({ cache: 60_000 });
  await lookup.ask(['0']);
  const gate = Promise.withResolvers<void>();
  database.gate = gate.promise;
  const before = lookup.ask(['1']);
  await turn();
  watched.changed(RELATION);
  const after = lookup.ask(['1']);
  gate.resolve();
  expect(await Promise.all([before, after])).toEqual([named('1'), named('1')]);
  expect(database.asked).toEqual([['0'], ['1'], ['1']]);
  await lookup.ask(['1']);
  expect(database.asked).toHaveLength(3);
});

test('without a cache, and for failures, nothing is used again', async () => {
  const none = lookupOf();
  for (let i = 0; i < 2; i++) await none.lookup.ask(['1']);
  expect(none.database.asked).toHaveLength(2);
  const failing = lookupOf({ cache: 60_000 });
  failing.database.answer = () => sqlError('22012');
  for (let i = 0; i < 2; i++) await failing.lookup.ask(['1']);
  expect(failing.database.asked).toHaveLength(2);
});

test('a list is an array where the parameter is one, and else JSON; null is null', async () => {
  const { database, lookup } = lookupOf();
  await lookup.ask([['a', 1n, null, 'q"\\']]);
  await lookup.ask([null]);
  const array = lookupOf();
  array.database.type = 'text[]';
  await array.lookup.ask([['a', 1n, null, 'q"\\', [true]]]);
  expect([...database.asked, ...array.database.asked]).toEqual([['["a",1,null,"q\\"\\\\"]'], [null], ['{"a","1",NULL,"q\\"\\\\",{"true"}}']]);
});

test('an answer that is nested too deeply fails its question alone, for good', async () => {
  const { database, lookup } = lookupOf();
  database.answer = (id) => (id === '2' ? `{"a":${'['.repeat(200_000)}1${']'.repeat(200_000)}}` : '{"a":1}');
  const well = { value: { a: 1n } };
  expect(await Promise.all(['1', '2', '3'].map((id) => lookup.ask([id])))).toEqual([well, { failure: 'finds a value that is nested too deeply to be read', isFinal: true }, well]);
  expect(database.asked).toHaveLength(1);
});

test('a list of more rows than any receiver is meant to get is a failure', async () => {
  const { database, lookup } = lookupOf({ many: true });
  database.answer = () => JSON.stringify(Array.from({ length: 10_001 }, () => 'x'));
  expect(await lookup.ask(['1'])).toEqual({ failure: 'finds more than 10000 rows: write a `limit`' });
});
