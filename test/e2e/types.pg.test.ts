import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { endpoint, HEAD, startDaemon, type TestDaemon, testDatabase, testReceiver } from '../support/daemon.ts';
import { exactJson } from '../support/exact-json.ts';
import type { TestDatabase } from '../support/postgres.ts';
import type { Receiver } from '../support/receiver.ts';
import { arrayOf, builtinTypes, literal, type SampleType, typesWithModifier, USER_TYPES_SQL, userTypes } from '../support/rows.ts';

/** What a session prints depends on these; `to_jsonb` is asked under those that the bodies promise. */
const ORACLE_SQL = `
  set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres';
  set bytea_output = 'hex'; set extra_float_digits = 1`;

interface Setting {
  readonly db: TestDatabase;
  readonly receiver: Receiver;
  readonly daemon: TestDaemon;
  readonly yaml: string;
  /** Runs a statement that returns to_jsonb(row) as text, and the body's `data` when it has come; both exactly. */
  readonly written: (sql: string, numbers?: 'as written' | 'normalised') => Promise<{ data: string; oracle: string }>;
}

async function watching(schemaSql: string, tables: string, hooks: readonly string[]): Promise<Setting> {
  const db = await testDatabase(schemaSql);
  // The bodies must not depend on what the database's own settings are.
  await db.sql(`
    alter database ${db.name} set datestyle = 'German, DMY'; alter database ${db.name} set timezone = 'Asia/Kolkata';
    alter database ${db.name} set intervalstyle = 'iso_8601'; alter database ${db.name} set bytea_output = 'escape';
    alter database ${db.name} set extra_float_digits = -10`);
  await db.sql(ORACLE_SQL);
  const receiver = await testReceiver();
  // One request at a time, so that they arrive in commit order whichever rows they tell of.
  const yaml = `${HEAD}
tables: ${tables}
endpoints: { crm: ${endpoint({ concurrency: 1 })} }
hooks:
${hooks.map((table, i) => `  - { name: hook_${i}, table: ${table}, to: crm }\n`).join('')}`;
  const daemon = await startDaemon({ db, yaml, receivers: { RECEIVER: receiver } });
  const written = async (sql: string, numbers: 'as written' | 'normalised' = 'as written'): Promise<{ data: string; oracle: string }> => {
    const seen = receiver.requests.length;
    const [row] = await db.sql<{ to_jsonb: string }>(sql);
    await receiver.received(seen + 1);
    return { data: exactJson(dataOf(receiver, seen), numbers), oracle: exactJson(row?.to_jsonb ?? 'nothing was written', numbers) };
  };
  return { db, receiver, daemon, yaml, written };
}

/** The text of `data` in a body that has nothing in `redacted`. */
function dataOf(receiver: Receiver, index: number): string {
  const body = receiver.requests[index]?.body.toString() ?? '';
  return body.slice('{"data":'.length, body.lastIndexOf(',"redacted":[]'));
}

function metaOf(receiver: Receiver, index: number): unknown {
  return receiver.bodies<{ meta: unknown }>()[index]?.meta;
}

const samples = [...builtinTypes, ...typesWithModifier, ...userTypes].flatMap((sample) => [sample, arrayOf(sample)]);
/** The json type keeps what was typed, which to_jsonb does not: 1.0e2 is 100 there. */
const [documents, plain] = [samples.filter(isDocument), samples.filter((sample) => !isDocument(sample))];

function isDocument({ typeName }: SampleType): boolean {
  return /json|document/.test(typeName);
}

describe('rows of every type, more than a hundred columns in one table, through the WAL', () => {
  let setting: Setting;
  const create = (table: string, types: readonly SampleType[]): string =>
    `create table ${table} (id int primary key, ${types.map((sample, i) => `"c ${i}" ${sample.typeName}`).join(', ')});`;

  beforeEach(async () => {
    setting = await watching(`${USER_TYPES_SQL} ${create('plain', plain)} ${create('documents', documents)}`, '{}', ['plain', 'documents']);
  });

  test('are what to_jsonb gives, digit by digit', async () => {
    expect(plain.length).toBeGreaterThan(100);
    let id = 0;
    const values = (types: readonly SampleType[]): fc.Arbitrary<(string | null)[]> => fc.tuple(...types.map((sample) => fc.option(sample.text, { freq: 10 })));
    const insert = (table: string, types: readonly SampleType[], row: readonly (string | null)[]): string =>
      `insert into ${table} as t values (${++id}, ${row.map((value, i) => literal(value, types[i]?.typeName ?? '')).join(', ')}) returning to_jsonb(t)::text`;
    await fc.assert(
      fc.asyncProperty(values(plain), values(documents), async (plainRow, documentRow) => {
        const one = await setting.written(insert('plain', plain, plainRow));
        expect(one.data).toBe(one.oracle);
        const other = await setting.written(insert('documents', documents, documentRow), 'normalised');
        expect(other.data).toBe(other.oracle);
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});

describe('values that the WAL does not carry', () => {
  const SCHEMA = (table: string): string => `
    create table ${table} (id int primary key, big text, doc jsonb, n int);
    alter table ${table} alter big set storage external, alter doc set storage external;`;
  const BIG = `repeat('x', 20000)`;
  const DOC = `jsonb_build_object('a', 1.50, 'b', repeat('y', 20000))`;

  test('are left out and named, with a replica identity that is the key alone', async () => {
    const { db, receiver } = await watching(SCHEMA('t'), '{ t: { lookup: [big, n] } }', ['t']);
    await db.sql(`insert into t values (1, ${BIG}, ${DOC}, 1)`);
    await db.sql('update t set n = 2');
    await db.sql(`update t set doc = doc || '{"c":3}'`);
    await db.sql('update t set doc = null');
    await db.sql(`update t set big = 'small'`);
    await receiver.deliveries(5);
    expect(JSON.parse(dataOf(receiver, 1))).toEqual({ id: 1, n: 2 });
    expect(metaOf(receiver, 1)).toEqual({ operation: 'data_update', lookup_values: [{ field: 'n', value: 2 }], unchanged: ['big', 'doc'] });
    expect(JSON.parse(dataOf(receiver, 2))).toMatchObject({ id: 1, n: 2, doc: { a: 1.5, c: 3 } });
    expect(metaOf(receiver, 2)).toMatchObject({ unchanged: ['big'] });
    expect(JSON.parse(dataOf(receiver, 3))).toEqual({ id: 1, doc: null, n: 2 });
    expect(JSON.parse(dataOf(receiver, 4))).toEqual({ id: 1, big: 'small', doc: null, n: 2 });
    expect(metaOf(receiver, 4)).not.toHaveProperty('unchanged');
  });

  test('are taken from the old row where the replica identity is the whole row', async () => {
    const { receiver, written } = await watching(SCHEMA('t'), '{ t: { lookup: [big], replica_identity: full } }', ['t']);
    for (const sql of [
      `insert into t values (1, ${BIG}, ${DOC}, 1)`,
      'update t set n = 2',
      `update t set doc = doc || '{"c":3}'`,
      'update t set id = 2',
      `update t set big = 'small'`,
    ]) {
      const { data, oracle } = await written(`${sql} returning to_jsonb(t)::text`);
      expect(data).toBe(oracle);
    }
    expect(metaOf(receiver, 1)).toEqual({ operation: 'data_update', lookup_values: [{ field: 'big', value: 'x'.repeat(20_000) }] });
    expect(metaOf(receiver, 4)).toMatchObject({ lookup_values: [{ field: 'big', value: 'small', previous_value: 'x'.repeat(20_000) }] });
  });
});

test('names of every kind come through as they are: columns, a schema and a table with a dot', async () => {
  const names = ['__proto__', 'constructor', 'MiXed', 'a"b', 'a.b', "it's", 'back\\slash', 'tab\there', '日本', '👩‍👩‍👧', ' ', 'select', '1', '${x}'];
  const columns = names.map((name) => `"${name.replaceAll('"', '""')}" text`).join(', ');
  const { db, receiver, written } = await watching(
    `create schema "Sales"; create table "Sales"."Order.Items" (${columns}, "Key" int primary key)`,
    `{ 'Sales."Order.Items"': { key: [Key, "a.b"], lookup: [__proto__, 'a"b'], replica_identity: full } }`,
    [`'Sales."Order.Items"'`],
  );
  const values = names.map((_, i) => `'v${i}'`).join(', ');
  const inserted = await written(`insert into "Sales"."Order.Items" as t values (${values}, 1) returning to_jsonb(t)::text`);
  expect(inserted.data).toBe(inserted.oracle);
  expect(dataOf(receiver, 0).indexOf('"__proto__"'), 'columns are in the order of the table').toBe(1);
  expect(metaOf(receiver, 0)).toEqual({ operation: 'data_insert', lookup_values: [{ field: '__proto__', value: 'v0' }, { field: 'a"b', value: 'v3' }] });
  const updated = await written(`update "Sales"."Order.Items" as t set "constructor" = 'w' returning to_jsonb(t)::text`);
  expect(updated.data).toBe(updated.oracle);
  await db.sql('delete from "Sales"."Order.Items"');
  await receiver.received(3);
  expect(receiver.requests[2]?.body.toString()).toMatch(/^\{"data":\{"Key":1,"a\.b":"v4"\},"meta":/);
});

describe('a table that changes while it is streamed', () => {
  const insert = (id: number): string => `insert into t (id) values (${id}) returning to_jsonb(t)::text`;

  test('columns that are added, dropped, renamed, or get another type, are sent as they then are', async () => {
    const { db, receiver, daemon, written } = await watching(`create table t (id int primary key, name text default 'n', n int default 1)`, '{}', ['t']);
    for (const [i, ddl] of [
      'alter table t add column extra numeric(6,2) default 7',
      'alter table t drop column name',
      'alter table t rename column extra to more',
      `alter table t alter column n drop default, alter column n type text using 'n' || n, alter column n set default 'x'`,
      'alter table t add column name int default 2',
      'alter table t replica identity full',
    ].entries()) {
      await db.sql(ddl);
      const { data, oracle } = await written(insert(i));
      expect(data).toBe(oracle);
    }
    // All in one transaction, with rows before and after.
    const seen = receiver.requests.length;
    await db.sql('insert into t (id) values (100); alter table t drop column name; alter table t add column last bool default true; insert into t (id) values (101)');
    await receiver.received(seen + 2);
    expect(JSON.parse(dataOf(receiver, seen))).toEqual({ id: 100, n: 'x', more: 7, name: 2 });
    expect(JSON.parse(dataOf(receiver, seen + 1))).toEqual({ id: 101, n: 'x', more: 7, last: true });
    expect(daemon.logged(/./).filter(({ level }) => Number(level) >= 40)).toEqual([]);
  });

  test('a row that was written before the change, and is read after it, is sent as it was', async () => {
    const { db, receiver, daemon } = await watching(`create type mood as enum ('happy'); create table t (id int primary key, mood mood, name text)`, '{}', ['t']);
    await daemon.stop();
    await db.sql(`insert into t values (1, 'happy', 'a')`);
    await db.sql('alter table t drop column mood, alter column name type int using 5; drop type mood');
    await db.sql('insert into t values (2, 6)');
    await daemon.start();
    await receiver.deliveries(2);
    expect(JSON.parse(dataOf(receiver, 0))).toEqual({ id: 1, mood: 'happy', name: 'a' });
    expect(JSON.parse(dataOf(receiver, 1))).toEqual({ id: 2, name: 6 });
  });

  test('an enum gets a value, and a composite an attribute', async () => {
    const { db, written } = await watching(
      `create type mood as enum ('happy'); create type place as (x int, y text);
       create table t (id int primary key, mood mood, moods mood[], place place, places place[])`, '{}', ['t']);
    const one = await written(`insert into t values (1, 'happy', '{happy}', '(1,a)', '{"(2,b)"}') returning to_jsonb(t)::text`);
    expect(one.data).toBe(one.oracle);
    await db.sql(`alter type mood add value 'sad'; alter type place add attribute z numeric`);
    const two = await written(`insert into t values (2, 'sad', '{sad,happy}', '(1,a,1.50)', '{"(2,b,)"}') returning to_jsonb(t)::text`);
    expect(two.data).toBe(two.oracle);
  });

  test('its rows go on under another name, and the log says that the config needs it', async () => {
    const { db, receiver, daemon, yaml } = await watching('create table t (id int primary key)', '{ t: { lookup: [id] } }', ['t']);
    await db.sql('insert into t values (1)');
    await db.sql('alter table t rename to renamed; insert into renamed values (2)');
    await receiver.deliveries(2);
    expect(metaOf(receiver, 1)).toMatchObject({ lookup_values: [{ field: 'id', value: 2 }] });
    expect(daemon.logged(/^t is now renamed:/)).toHaveLength(1);

    // The next start wants the new name, and sends what was written under either.
    await daemon.stop();
    await db.sql('alter table renamed rename to t; insert into t values (3); alter table t rename to renamed; insert into renamed values (4)');
    await expect(daemon.start()).rejects.toThrow('there is no table public.t');
    await daemon.start(yaml.replace('{ t: {', '{ renamed: {').replace('table: t,', 'table: renamed,'));
    await receiver.deliveries(4);
    expect(receiver.bodies<{ data: { id: number } }>().map(({ data }) => data.id)).toEqual([1, 2, 3, 4]);
  });
});

test('a partitioned table is one table: rows of every partition, moved rows, partitions attached later', async () => {
  const { db, receiver, written } = await watching(
    `create table t (id int, region text, primary key (id, region)) partition by list (region);
     create table t_nl partition of t for values in ('nl');
     create table t_rest partition of t default partition by hash (id);
     create table t_rest_0 partition of t_rest for values with (modulus 1, remainder 0);
     create table t_de (region text not null, id int not null)`,
    '{ t: { replica_identity: full } }',
    ['t'],
  );
  for (const sql of [
    `insert into t values (1, 'nl')`,
    `insert into t values (2, 'fr')`,
    `insert into t_nl as t values (3, 'nl')`,
    `update t set id = 4 where id = 3`,
  ]) {
    const { data, oracle } = await written(`${sql} returning to_jsonb(t)::text`);
    expect(data).toBe(oracle);
  }
  await db.sql(`update t set region = 'nl' where id = 2`);
  await receiver.deliveries(6);
  const operations = receiver.bodies<{ meta: { operation: string } }>().map(({ meta }) => meta.operation);
  expect(operations.slice(4)).toEqual(['delete', 'data_insert']);
  await db.sql(`alter table t attach partition t_de for values in ('de')`);
  const { data, oracle } = await written(`insert into t values (5, 'de') returning to_jsonb(t)::text`);
  expect(data).toBe(oracle);
});
