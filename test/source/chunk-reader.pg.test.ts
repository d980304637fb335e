import { expect, onTestFinished, test } from 'vitest';
import { parseSnapshot } from '../../src/backfill/snapshot.ts';
import { NULL } from '../../src/change.ts';
import { type ChunkQuery, ChunkReader, type KeyTexts, type ReadChunk } from '../../src/source/chunk-reader.ts';
import { currentTable } from '../../src/source/current-rows.ts';
import { ReadOnlyDatabase } from '../../src/source/read-only-database.ts';
import { testDatabase } from '../support/daemon.ts';
import type { TestDatabase } from '../support/postgres.ts';

type Row = (string | null)[];

function databaseOf(db: TestDatabase): ReadOnlyDatabase {
  const database = new ReadOnlyDatabase(db.url, { synchronous_commit: 'local' });
  onTestFinished(() => database.close());
  return database;
}

async function readerOf(db: TestDatabase, { where = null, key }: { readonly where?: string | null; readonly key?: readonly string[] } = {}): Promise<ChunkReader> {
  const database = databaseOf(db);
  const table = await currentTable(database, { schema: 'public', table: 'rows' }, 'none');
  if (table === null) throw new Error('there is such a table');
  return new ChunkReader({ database, table, key: key ?? table.live.primaryKey, where });
}

async function read(reader: ChunkReader, query: Partial<ChunkQuery> = {}): Promise<ReadChunk & { readonly rows: Row[] }> {
  const rows: Row[] = [];
  const chunk = await reader.read({
    after: null,
    again: [],
    limit: 100,
    bytes: 1e6,
    mark: null,
    timeout: 10_000,
    onRow: ({ bytes, count, kind, start, end }) => rows.push(Array.from({ length: count }, (_, i) => (kind[i] === NULL ? null : bytes.toString('utf8', start[i], end[i])))),
    ...query,
  });
  return { ...chunk, rows };
}

/** All rows, chunk by chunk. */
async function readAll(reader: ChunkReader, limit: number): Promise<Row[]> {
  const rows: Row[] = [];
  let after: KeyTexts | null = null;
  for (;;) {
    const chunk = await read(reader, { after, limit });
    rows.push(...chunk.rows);
    if (chunk.isLast) return rows;
    after = chunk.last;
  }
}

test.each([
  ['bigint', 'k bigint', `select i * 9007199254740993::bigint % 9223372036854775807 from generate_series(1, 50) i union values (-9223372036854775808), (9223372036854775807), (0)`],
  ['uuid', 'k uuid', `select md5(i::text)::uuid from generate_series(1, 50) i`],
  ['text in the database\'s collation', 'k text', `select chr(64 + i % 60) || case when i % 3 = 0 then '-' when i % 3 = 1 then ' a' else 'Ä' end || i from generate_series(1, 90) i union values (''), ('it''s'), (E'tab\\there'), (E'line\\nbreak'), ('back\\slash'), ('\\N')`],
  ['text in a collation of its own', 'k text collate "en-US-x-icu"', `select substr(md5(i::text), 1, 3) || case when i % 2 = 0 then '_A' else '-a' end || i from generate_series(1, 80) i union values ('a'), ('B'), ('A'), ('b'), ('ä'), ('Z')`],
  ['text in collation C', 'k text collate "C"', `select chr(64 + i % 60) || i from generate_series(1, 60) i`],
  ['numeric', 'k numeric', `select i * 0.1 from generate_series(1, 40) i union values (1e40), (-0.00001), ('NaN'), ('Infinity'), (12345678901234567890.123456789)`],
  ['timestamptz', 'k timestamptz', `select '2026-03-29 00:59:59.999999+01'::timestamptz + i * interval '13 minutes 1 microsecond' from generate_series(1, 40) i union values ('infinity'::timestamptz), ('-infinity'), ('0044-03-15 BC')`],
  ['char(n)', 'k char(6)', `select 'x' || i from generate_series(1, 40) i`],
  ['bytea', 'k bytea', `select decode(md5(i::text), 'hex') from generate_series(1, 40) i union values ('\\x'::bytea), ('\\x00')`],
  ['double precision', 'k double precision', `select i / 3.0 from generate_series(1, 40) i union values ('NaN'), ('-Infinity'), (1e-300)`],
  ['enum', 'k mood', `select unnest(array['sad', 'ok', 'happy', 'Odd One']::mood[])`],
  ['several columns', 'a text, b bigint, c date, primary key (b, a, c)', `select 'k' || i % 3, i % 4, '2026-01-01'::date + i from generate_series(1, 60) i`],
  ['partitions', 'region text, id bigint, primary key (region, id)', `select (array['nl', 'de', 'fr'])[1 + i % 3], i from generate_series(1, 70) i`],
])('every row comes once, in the database\'s order: %s', async (name, columns, rows) => {
  const isPartitioned = name === 'partitions';
  const db = await testDatabase(`
    create type mood as enum ('sad', 'ok', 'happy', 'Odd One');
    create table rows (${columns.includes('primary key') ? columns : `${columns} primary key`}, note text default 'x')${isPartitioned ? ' partition by list (region)' : ''};
    ${isPartitioned ? `create table rows_nl partition of rows for values in ('nl'); create table rows_other partition of rows default` : ''};
    insert into rows ${rows}`);
  const reader = await readerOf(db);
  const key = await db.sql<{ key: string }>(`select string_agg(quote_ident(attname), ', ' order by array_position(indkey::int2[], attnum)) as key from pg_index join pg_attribute on attrelid = indrelid and attnum = any (indkey) where indrelid = 'rows'::regclass and indisprimary`);
  const expected = await databaseOf(db).run({ text: `select * from rows order by ${key[0]?.key ?? ''}`, values: [] }, 10_000);
  for (const limit of [1, 7, 1000]) expect(await readAll(reader, limit)).toEqual(expected);
});

test('a condition is asked for, and the planner says how many there may be', async () => {
  const db = await testDatabase(`create table rows (id int primary key, "Name" text); insert into rows select i, 'n' || i % 5 from generate_series(1, 100) i; analyze rows`);
  const reader = await readerOf(db, { where: `rows."Name" = 'n3' or "Name" = ';' -- the third` });
  expect((await readAll(reader, 3)).map(([id]) => Number(id) % 5)).toEqual(Array.from({ length: 20 }, () => 3));
  expect(await reader.estimate()).toBe(20);
  for (const where of ['nothing = 1', 'id = ', 'true) or (true', 'true] or array[true', 'id = 1, id = 2', 'id', 'true) to stdout; drop table rows; copy (select 1 where (true', 'id; select 1']) {
    const bad = await readerOf(db, { where });
    await expect(bad.estimate()).rejects.toMatchObject({ code: 'backfill_where' });
  }
  expect(await (await readerOf(db)).estimate()).toBe(100);
});

test('a chunk stands between two marks, with the snapshot that it was read with', async () => {
  const db = await testDatabase(`create table rows (id int primary key); insert into rows values (1), (2)`);
  await db.sql(`select pg_create_logical_replication_slot('slot_' || current_database(), 'test_decoding')`);
  const reader = await readerOf(db);
  const open = await db.client();
  await open.query('begin; insert into rows values (3)');
  const [row] = (await open.query<{ xid: string }>('select pg_current_xact_id()::text as xid')).rows;
  const chunk = await read(reader, { mark: 'low' });
  await reader.mark('high');
  expect(chunk.rows).toEqual([['1'], ['2']]);
  expect(chunk).toMatchObject({ last: ['2'], isLast: true });
  expect([...parseSnapshot(chunk.snapshot).inProgress]).toContain(Number(row?.xid));
  expect(chunk.low).toBeGreaterThan(0n);
  expect(chunk.high).toBeGreaterThanOrEqual(chunk.low);
  const changes = await db.sql<{ data: string }>(`select data from pg_logical_slot_get_changes('slot_' || current_database(), null, null)`);
  expect(changes.map(({ data }) => data).filter((data) => data.startsWith('message'))).toEqual([
    'message: transactional: 1 prefix: walhook.backfill, sz: 3 content:low',
    'message: transactional: 1 prefix: walhook.backfill, sz: 4 content:high',
  ]);
});

test('one who writes to the table is told from one who does not', async () => {
  const db = await testDatabase(`create table rows (id int primary key) partition by range (id); create table rows_1 partition of rows for values from (0) to (10); create table others (id int)`);
  const reader = await readerOf(db);
  const begun = async (sql: string): Promise<number> => {
    const client = await db.client();
    await client.query(`begin; ${sql}`);
    const { rows } = await client.query<{ xid: string }>('select pg_current_xact_id()::text as xid');
    return Number(rows[0]?.xid);
  };
  const [writer, leaf, stranger] = [await begun('insert into rows values (1)'), await begun('insert into rows_1 values (2)'), await begun('insert into others values (1); select from rows')];
  // One that is over may have written.
  expect(await reader.writers([writer, leaf, stranger, writer - 1])).toEqual([writer, leaf, writer - 1]);
});

test('rows can be read again, beside the next ones', async () => {
  const db = await testDatabase(`create table rows (a text, b int, primary key (a, b)); insert into rows values ('', 1), ('x', 2), ('y', 3), ('z', 4)`);
  const reader = await readerOf(db);
  const chunk = await read(reader, { after: ['x', '2'], again: [['', '1'], ['gone', '7']], limit: 1 });
  expect(chunk.rows).toEqual([['', '1'], ['y', '3']]);
  expect(chunk).toMatchObject({ last: ['y', '3'], isLast: false });
  expect(await read(reader, { after: ['z', '4'], again: [['x', '2']] })).toMatchObject({ rows: [['x', '2']], last: null, isLast: true });
});

test('a chunk ends where its rows have come to too many bytes', async () => {
  const db = await testDatabase(`create table rows (id int primary key, large text); insert into rows select i, repeat('x', 1000) from generate_series(1, 10) i`);
  const reader = await readerOf(db);
  expect(await read(reader, { bytes: 2500 })).toMatchObject({ last: ['3'], isLast: false, rows: { length: 3 } });
});

test('a table that was altered is told of, and one of whose keys is null', async () => {
  const db = await testDatabase(`create table rows (id int not null, other int); insert into rows values (1, 1)`);
  const reader = await readerOf(db, { key: ['id', 'other'] });
  expect(await reader.columnWithNull(1000)).toBeNull();
  await db.sql('insert into rows values (2, null)');
  expect(await reader.columnWithNull(1000)).toBe('other');
  expect((await read(reader)).rows).toEqual([['1', '1']]);
  await db.sql('alter table rows alter other type bigint');
  await expect(read(reader)).rejects.toMatchObject({ code: 'table_altered' });
});

test('what the reader makes of a row may fail without harm', async () => {
  const db = await testDatabase(`create table rows (id int primary key); insert into rows values (1), (2)`);
  const reader = await readerOf(db);
  await expect(read(reader, { onRow: () => { throw new Error('mine'); } })).rejects.toThrow('mine');
  expect((await read(reader)).rows).toHaveLength(2);
});

test('a key whose type lives where nothing is looked for is read in its own order', async () => {
  const db = await testDatabase(`create schema elsewhere; create extension citext schema elsewhere;
    create table rows (id int, k elsewhere.citext, primary key (id, k)); insert into rows select i % 2, chr(65 + i + case when i % 3 = 0 then 32 else 0 end) from generate_series(0, 25) i`);
  const rows = await readAll(await readerOf(db), 3);
  const keys = rows.map(([, k]) => k?.toLowerCase() ?? '');
  expect(keys.toSorted((a, b) => a.localeCompare(b)).join('')).toBe('abcdefghijklmnopqrstuvwxyz');
});

test.each([
  ['another has its name', 'create table other (like rows including all); alter table rows rename to old; alter table other rename to rows'],
  ['its changes tell rows by other columns', 'alter table rows replica identity full'],
  ['a column is gone', 'alter table rows rename other to another'],
  ['it is gone', 'drop table rows'],
  ['less of it is published', 'alter publication one set table rows (id) where (id > 5)'],
  ['its key is another', 'alter table rows drop constraint rows_pkey; alter table rows add primary key (other, id)'],
])('it is altered when %s', async (_name, sql) => {
  const db = await testDatabase('create table rows (id int primary key, other int not null); insert into rows values (1, 1)');
  await db.sql('create publication one for table rows where (id > 0)');
  const reader = await readerOf(db);
  await read(reader);
  await db.sql(sql);
  await expect(read(reader)).rejects.toMatchObject({ code: 'table_altered' });
});
