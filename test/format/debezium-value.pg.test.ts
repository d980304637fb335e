import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CatalogCodecs } from '../../src/decode/codecs.ts';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { debeziumValue } from '../../src/format/debezium-value.ts';
import { exactJson } from '../support/exact-json.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { builtinTypes, literal, type SampleType, typesWithModifier, USER_TYPES_SQL, userTypes } from '../support/rows.ts';

let db: TestDatabase;
let session: pg.Client;
let catalog: TypeCatalog;

beforeAll(async () => {
  db = await createDatabase();
  await db.sql(`${USER_TYPES_SQL}; create domain samples.day as date`);
  session = await db.client();
  await session.query(`set datestyle = 'ISO'; set timezone = 'UTC'; set intervalstyle = 'postgres'; set bytea_output = 'hex'; set extra_float_digits = 1`);
  catalog = new TypeCatalog(async (sql, params) => (await session.query(sql, [...params])).rows as Record<string, unknown>[]);
});
afterAll(() => db.drop());

function sampleOf(typeName: string): SampleType {
  const found = [...builtinTypes, ...typesWithModifier, ...userTypes].find((sample) => sample.typeName === typeName);
  if (found === undefined) throw new Error(`no sample of ${typeName}`);
  return found;
}

/** The values as we write them, beside what an expression over `v` gives; both null for NULL. */
async function written({ typeName }: SampleType, values: readonly (string | null)[], sql: string): Promise<(readonly [ours: string, theirs: string])[]> {
  await session.query(`drop table if exists sample; create table sample (id int, v ${typeName})`);
  await session.query(`insert into sample values ${values.map((value, i) => `(${i}, ${literal(value, typeName)})`).join(', ')}`);
  const described = await session.query<{ oid: number; typmod: number }>(`select atttypid::int8::int as oid, atttypmod as typmod from pg_attribute where attrelid = 'sample'::regclass and attname = 'v'`);
  const [{ oid, typmod } = { oid: 0, typmod: -1 }] = described.rows;
  await catalog.load([oid]);
  const json = debeziumValue(new CatalogCodecs(catalog), { typeOid: oid, typmod }, 'number');
  const { rows } = await session.query<{ text: string | null; theirs: string | null }>(`select v::text as text, (${sql})::text as theirs from sample order by id`);
  return rows.map(({ text, theirs }) => {
    if (text === null) return ['null', 'null'];
    const bytes = Buffer.from(`x${text}x`);
    return [json(bytes, 1, bytes.length - 1), theirs ?? 'null'];
  });
}

type Read = (text: string) => string;
const asIs: Read = (text) => text;

async function alike(sample: SampleType, sql: string, read: Read = asIs, readTheirs: Read = asIs): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(sample.text, { freq: 10 }), { minLength: 1, maxLength: 60 }), async (values) => {
      const pairs = await written(sample, values, sql);
      expect(pairs.map(([ours]) => (ours === 'null' ? ours : read(ours)))).toEqual(pairs.map(([, theirs]) => (theirs === 'null' ? theirs : readTheirs(theirs))));
    }),
    { numRuns: 15 },
  );
}

const finite = (sample: SampleType): SampleType => ({ ...sample, text: sample.text.filter((text) => !/infinity/i.test(text)) });
const EPOCH_MICROS = `(v::date - date '1970-01-01')::numeric * 86400000000 + (extract(epoch from v::time) * 1000000)::int8`;

test('date: days since 1970', () => alike(finite(sampleOf('date')), `v - date '1970-01-01'`));
test('timestamp: microseconds since 1970', () => alike(finite(sampleOf('timestamp')), EPOCH_MICROS));
test('timestamp(3): milliseconds since 1970', () => alike(finite({ ...sampleOf('timestamp'), typeName: 'timestamp(3)', text: sampleOf('timestamp').text.filter((text) => !text.startsWith('294276')) }), `trunc((${EPOCH_MICROS}) / 1000)`));
test('time: microseconds since midnight', () => alike(sampleOf('time'), `(extract(epoch from v) * 1000000)::int8`));
test('time(3): milliseconds since midnight', () => alike({ ...sampleOf('time'), typeName: 'time(3)' }, `(extract(epoch from v) * 1000)::int8`));
test('timetz: the time in UTC', () => alike(sampleOf('timetz'), `to_json(replace((v at time zone 'UTC')::text, '+00', 'Z'))`));
test('interval: microseconds, with the average month', () =>
  alike(
    sampleOf('interval'),
    `greatest(least((extract(year from v) * 12 + extract(month from v)) * 2629800000000 + extract(day from v) * 86400000000
       + extract(hour from v) * 3600000000 + extract(minute from v) * 60000000 + extract(microseconds from v), 9223372036854775807), -9223372036854775808)::int8`,
  ));
test('bytea: base64', () => alike(sampleOf('bytea'), `to_json(translate(encode(v, 'base64'), E'\\n', ''))`));
test('json: its text', () => alike(sampleOf('json'), `to_json(v::text)`));
test('hstore: the text of a JSON object', () =>
  alike(sampleOf('hstore'), `hstore_to_json(v)::jsonb`, (ours) => exactJson(String(JSON.parse(ours)), 'normalised'), (theirs) => exactJson(theirs, 'normalised')));
test('oid: a number', () => alike(sampleOf('oid'), `v::int8`));
test('a domain: as its base type', () => alike({ ...sampleOf('date'), typeName: 'samples.day', text: finite(sampleOf('date')).text }, `v::date - date '1970-01-01'`));

/** `[1.50]` of a Decimal's bytes, and the same of a VariableScaleDecimal. */
function readDecimal(ours: string, scale: number | null): string {
  const parsed = JSON.parse(ours) as string | { scale: number; value: string };
  const { scale: places, value } = typeof parsed === 'string' ? { scale: scale ?? 0, value: parsed } : parsed;
  const hex = Buffer.from(value, 'base64').toString('hex');
  const unsigned = BigInt(`0x${hex}`);
  const digits = BigInt.asIntN(hex.length * 4, unsigned);
  const text = String(digits < 0n ? -digits : digits).padStart(places + 1, '0');
  return `${digits < 0n ? '-' : ''}${text.slice(0, text.length - places)}${places > 0 ? `.${text.slice(-places)}` : ''}`;
}

const isNumber = `case when v in ('NaN', 'Infinity', '-Infinity') then null else`;

test('numeric: its digits and how many of them are behind the point', () => alike(sampleOf('numeric'), `${isNumber} trim_scale(v) end`, (ours) => readDecimal(ours, null)));
test('numeric(12,4): its digits', () => alike(sampleOf('numeric(12,4)'), `case when v = 'NaN' then null else v end`, (ours) => readDecimal(ours, 4)));
test('numeric(3,-2): its digits before the zeros', () => alike(sampleOf('numeric(3,-2)'), `(v / 100)::int8`, (ours) => readDecimal(ours, 0)));
