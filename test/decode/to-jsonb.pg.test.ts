import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { compileValue } from '../../src/decode/value.ts';
import { exactJson } from '../support/exact-json.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { arrayOf, builtinTypes, literal, type SampleType, typesWithModifier, USER_TYPES_SQL, userTypes } from '../support/rows.ts';

/** What a session's values look like is up to these; the source sets the same. */
const SESSION_SQL = `
  set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres';
  set bytea_output = 'hex'; set extra_float_digits = 1`;

let db: TestDatabase;
let session: pg.Client;
let catalog: TypeCatalog;

beforeAll(async () => {
  db = await createDatabase();
  await db.sql(USER_TYPES_SQL);
  session = await db.client();
  await session.query(SESSION_SQL);
  catalog = new TypeCatalog(async (sql, params) => (await session.query(sql, [...params])).rows as Record<string, unknown>[]);
});
afterAll(() => db.drop());

/** Each row's columns in the text form of their output functions, as pgoutput sends them. */
async function texts(sql: string): Promise<(string | null)[][]> {
  const asText: pg.CustomTypesConfig = { getTypeParser: () => (text: unknown) => text };
  const result = await session.query<(string | null)[]>({ text: sql, rowMode: 'array', types: asText });
  return result.rows;
}

/** What a Relation message would say: a domain's own OID, which a query's result does not tell. */
async function columnTypes(table: string): Promise<number[]> {
  const rows = await texts(`select atttypid from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 and not attisdropped order by attnum`);
  return rows.map(([oid]) => Number(oid));
}

/** Encodes a value that has other bytes before and behind it, as in a message, and reads it, which must not fail either. */
function encoded(oid: number, text: string): string {
  const bytes = Buffer.from(`"\\{(${text}                    ")},`);
  const start = 4;
  const end = bytes.length - 24;
  compileValue(catalog, oid)(bytes, start, end);
  return catalog.encoder(oid)(bytes, start, end);
}

async function createTable(sample: SampleType): Promise<number> {
  await session.query(`drop table if exists sample; create table sample (id int, v ${sample.typeName})`);
  const [, oid = 0] = await columnTypes('sample');
  await catalog.load([oid]);
  return oid;
}

/** The values as we and as Postgres encode them. */
async function encodedByBoth(sample: SampleType, oid: number, values: readonly (string | null)[]): Promise<{ ours: string[]; theirs: string[] }> {
  const numbers = /json|document/.test(sample.typeName) ? 'normalised' : 'as written';
  const inserted = values.map((value, i) => `(${i}, ${literal(value, sample.typeName)})`);
  await session.query(`truncate sample; insert into sample values ${inserted.join(', ')}`);
  const rows = await texts(`select v, to_jsonb(s) -> 'v' from sample s order by id`);
  return {
    ours: rows.map(([text]) => exactJson(typeof text === 'string' ? encoded(oid, text) : 'null', numbers)),
    theirs: rows.map(([, jsonb]) => exactJson(jsonb ?? '', numbers)),
  };
}

const samples = [...builtinTypes, ...typesWithModifier, ...userTypes];
const everyType = samples.flatMap((sample) => [sample, arrayOf(sample)]);

test.each(everyType)('$typeName is what to_jsonb gives', async (sample) => {
  const oid = await createTable(sample);
  const batch = fc.array(fc.option(sample.text, { freq: 10 }), { minLength: 1, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(batch, async (values) => {
      const { ours, theirs } = await encodedByBoth(sample, oid, values);
      expect(ours.length).toBe(values.length);
      expect(ours).toEqual(theirs);
    }),
    { numRuns: 12, interruptAfterTimeLimit: 40_000, markInterruptAsFailure: true },
  );
});

test('a whole row of every type is what to_jsonb gives', async () => {
  await db.sql(`create table wide (${everyType.map((sample, i) => `"c ${i}" ${sample.typeName}`).join(', ')})`);
  const oids = await columnTypes('wide');
  await catalog.load(oids);
  const row = fc.tuple(...everyType.map((sample) => fc.option(sample.text, { freq: 10 })));
  await fc.assert(
    fc.asyncProperty(row, async (values) => {
      await session.query(`truncate wide; insert into wide values (${values.map((value, i) => literal(value, everyType[i]?.typeName ?? 'text')).join(', ')})`);
      const [texted = []] = await texts('select * from wide');
      const [[jsonb] = []] = await texts('select to_jsonb(w) from wide w');
      const ours = texted.map((text, i) => `${JSON.stringify(`c ${i}`)}:${text === null ? 'null' : encoded(oids[i] ?? 0, text)}`);
      expect(exactJson(`{${ours.join(',')}}`, 'normalised')).toBe(exactJson(jsonb ?? '', 'normalised'));
    }),
    { numRuns: 10, endOnFailure: true },
  );
});

/** Types of pg_catalog that have no input function: no table of an application can hold a value of them. */
const WITHOUT_INPUT = ['gtsvector', 'pg_brin_bloom_summary', 'pg_brin_minmax_multi_summary', 'pg_dependencies', 'pg_mcv_list', 'pg_ndistinct', 'pg_node_tree'];

test('no built-in type is left out, and none but domains and row types needs a look-up', async () => {
  const rows = await db.sql<{ oid: number; array: number; name: string }>(
    `select oid, typarray as array, typname as name from pg_type
      where typnamespace = 'pg_catalog'::regnamespace and typtype in ('b', 'e', 'r', 'm') and typcategory <> 'A' or typname in ('int2vector', 'oidvector')`,
  );
  const tried = new Set(builtinTypes.map((sample) => sample.typeName.replaceAll('"', '')));
  expect(rows.map((row) => row.name).filter((name) => !tried.has(name)).toSorted()).toEqual(WITHOUT_INPUT);
  const fresh = new TypeCatalog(async () => []);
  const unknown = rows.filter((row) => !WITHOUT_INPUT.includes(row.name) && !(fresh.knows(row.oid) && fresh.knows(row.array)));
  expect(unknown).toEqual([]);
  const known = rows.filter((row) => fresh.knows(row.oid));
  expect(known.map((row) => fresh.describe(row.oid).name)).toEqual(known.map((row) => row.name));
});

test('rows of the system catalogs and of the information schema, as composites', async () => {
  // Not those with columns of type anyarray, which no application's table has, nor the views that want NUMA.
  const relations = await db.sql<{ name: string; oid: number }>(
    `select c.oid::regclass::text as name, c.reltype as oid from pg_class c
      where relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) and relkind in ('r', 'v') and relname not like 'pg_shmem%'
        and not exists (select from pg_attribute a where a.attrelid = c.oid and a.atttypid = 'anyarray'::regtype)`,
  );
  expect(relations.length).toBeGreaterThan(150);
  for (const { name, oid } of relations) {
    await catalog.load([oid]);
    for (const [text, jsonb] of await texts(`select v, to_jsonb(v) from (select v from ${name} v limit 5) s`)) {
      expect(exactJson(encoded(oid, text ?? ''), 'as written'), name).toBe(exactJson(jsonb ?? '', 'as written'));
    }
  }
});
