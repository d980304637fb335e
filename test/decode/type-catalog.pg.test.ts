import { afterAll, beforeAll, expect, test } from 'vitest';
import { TypeCatalog } from '../../src/decode/type-catalog.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
  await db.sql(`
    create extension hstore;
    create type mood as enum ('sad', 'ok');
    create type address as (street text, "Zip code" int);
    create domain home as address check ((value).street is not null);
    create type person as (name text, homes home[], mood mood, notes hstore);
    create type temperature as (celsius float8);
    create function to_json(temperature) returns json language sql as $$ select json_build_object('c', ($1).celsius) $$;
    create cast (temperature as json) with function to_json(temperature);`);
});
afterAll(() => db.drop());

/** A catalog on the database, and the queries it has made. */
function open(): { catalog: TypeCatalog; queries: string[] } {
  const queries: string[] = [];
  const catalog = new TypeCatalog((sql, params) => {
    queries.push(sql);
    return db.sql(sql, params);
  });
  return { catalog, queries };
}

async function oidOf(type: string): Promise<number> {
  const [row] = await db.sql<{ oid: number }>('select $1::regtype::oid as oid', [type]);
  return Number(row?.oid);
}

function encode(catalog: TypeCatalog, oid: number, text: string): string {
  const bytes = Buffer.from(text);
  return catalog.encoder(oid)(bytes, 0, bytes.length);
}

test('types are loaded with all that is in them, once', async () => {
  const { catalog, queries } = open();
  const people = await oidOf('person[]');
  expect(catalog.knows(people)).toBe(false);
  expect(() => catalog.encoder(people)).toThrow(RangeError);

  expect(await catalog.load([people, 25, 1009])).toEqual([]);
  expect(catalog.knows(people)).toBe(true);
  expect(queries.length).toBe(5); // person[], person, what it holds, home, address

  await catalog.load([people, 25]);
  expect(queries.length).toBe(5);
  expect(encode(catalog, people, '{"(Ann,\\"{\\"\\"(Elm St,12)\\"\\"}\\",ok,\\"\\"\\"a\\"\\"=>\\"\\"1\\"\\"\\")"}')).toBe(
    '[{"name":"Ann","homes":[{"street":"Elm St","Zip code":12}],"mood":"ok","notes":{"a":"1"}}]',
  );
});

test('a type is described by what its values are, domains taken off', async () => {
  const { catalog } = open();
  const [home, mood, hstore] = [await oidOf('home'), await oidOf('mood'), await oidOf('hstore')];
  await catalog.load([home, mood, hstore]);
  expect(catalog.describe(home)).toEqual({
    kind: 'composite',
    name: 'public.address',
    attributes: [{ name: 'street', type: 25 }, { name: 'Zip code', type: 23 }],
  });
  expect(catalog.describe(mood)).toEqual({ kind: 'text', name: 'public.mood' });
  expect(catalog.describe(hstore)).toEqual({ kind: 'hstore', name: 'public.hstore' });
  expect(catalog.describe(20)).toEqual({ kind: 'int', name: 'int8' });
});

test('a type that is no more is told, and its values are text', async () => {
  const { catalog } = open();
  expect(await catalog.load([4_000_000_000])).toEqual([4_000_000_000]);
  expect(encode(catalog, 4_000_000_000, '(1,2)')).toBe('"(1,2)"');
});

test('a composite that got an attribute is refused until it is looked up again; one written before is read', async () => {
  await db.sql('create type growing as (a int)');
  const growing = await oidOf('growing');
  const { catalog } = open();
  await catalog.load([growing]);
  await db.sql('alter type growing add attribute b text');
  expect(() => encode(catalog, growing, '(1,x)')).toThrow(expect.objectContaining({ code: 'unreadable_value', reaction: 'retry' }));

  catalog.forget();
  await catalog.load([growing]);
  expect(encode(catalog, growing, '(1,x)')).toBe('{"a":1,"b":"x"}');
  expect(encode(catalog, growing, '(1)')).toBe('{"a":1}');
});

test('a cast to json of a composite is not asked, by to_jsonb neither', async () => {
  const { catalog } = open();
  const oid = await oidOf('temperature');
  await catalog.load([oid]);
  const [row] = await db.sql<{ theirs: string }>('select to_jsonb(row(20.5)::temperature)::text as theirs');
  expect(JSON.parse(encode(catalog, oid, '(20.5)'))).toEqual(JSON.parse(row?.theirs ?? ''));
});
