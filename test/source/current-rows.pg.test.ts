import { expect, onTestFinished, test } from 'vitest';
import { type CurrentEvents, currentEvents } from '../../src/current-events.ts';
import { foundAt } from '../../src/event/row-events.ts';
import { ReadOnlyDatabase } from '../../src/source/read-only-database.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { testDatabase } from '../support/daemon.ts';
import { configOf } from './config.ts';

/** The table `profiles` as it is now. */
async function profilesOf(db: TestDatabase, table?: string): Promise<CurrentEvents | null> {
  const config = configOf(table === undefined ? {} : { table });
  const [profiles] = config.tables;
  return profiles === undefined ? null : currentEvents(reader(db), config, profiles);
}

function reader(db: TestDatabase): ReadOnlyDatabase {
  const database = new ReadOnlyDatabase(db.url);
  onTestFinished(() => database.close());
  return database;
}

test('rows are read by their key, as Postgres writes them, and hide what the stream would hide', async () => {
  const db = await testDatabase(`
    create table profiles (id int, part text, at timestamptz, pad char(5), name text, name_visible boolean, gone int, twice int generated always as (id * 2) stored, primary key (part, id));
    alter table profiles drop column gone;
    insert into profiles values (1, 'a', '2026-01-02 03:04:05+02', 'x', 'Ann', true), (2, 'a', null, null, 'Bob', false), (10, 'a', null, null, null, true), (1, 'b', null, null, 'Cy', true)`);
  const profiles = await profilesOf(db, 'visibility: { name: name_visible }');
  if (profiles === null) throw new Error('there is such a table');
  expect(profiles.key).toEqual(['part', 'id']);
  expect(profiles.table.relation.columns.map(({ name }) => name)).toEqual(['id', 'part', 'at', 'pad', 'name', 'name_visible']);
  const [bob, none, ann] = await profiles.byKeys([['a', '2'], ['z', '1'], ['a', '1']]);
  expect(none).toBeNull();
  expect(ann).toEqual(['1', 'a', '2026-01-02 01:04:05+00', 'x    ', 'Ann', 't']);
  expect(profiles.keyOf(bob ?? [])).toEqual(['a', '2']);
  const event = profiles.event(bob ?? [], foundAt(0));
  expect(event).toMatchObject({ operation: 'data_insert', hidden: Uint8Array.of(0, 0, 0, 0, 1, 0) });
  expect(profiles.event(ann ?? [], foundAt(0)).hidden).toBeNull();
});

test('keys of a fixed length are compared whole', async () => {
  const db = await testDatabase(`
    create domain country as char(2);
    create table profiles (code char(3), flags bit(4), land country, note text, primary key (code, flags, land));
    insert into profiles values ('USD', '1010', 'US', 'dollar'), ('U', '1111', 'UK', 'other')`);
  const profiles = await profilesOf(db);
  if (profiles === null) throw new Error('there is such a table');
  const keys = [['USD', '1010', 'US'], ['U  ', '1111', 'UK'], ['U', '1010', 'US']];
  expect((await profiles.byKeys(keys)).map((row) => row?.[3] ?? null)).toEqual(['dollar', 'other', null]);
  expect((await profiles.page(['U  ', '1111', 'UK'], 5)).map((row) => row[3])).toEqual(['dollar']);
});

test('pages go along the key, and leave out what is not published', async () => {
  const db = await testDatabase(`
    create table profiles (id int primary key, name text, name_visible boolean, secret text);
    insert into profiles select i, 'name', true, 'secret' from generate_series(1, 12) i;
    create publication walhook for table profiles (id, name, name_visible) where (id % 2 = 0)`);
  const profiles = await profilesOf(db);
  if (profiles === null) throw new Error('there is such a table');
  expect(profiles.table.relation.columns.map(({ name }) => name)).toEqual(['id', 'name', 'name_visible']);
  const first = await profiles.page(null, 4);
  const second = await profiles.page(profiles.keyOf(first.at(-1) ?? []), 4);
  expect([first, second].map((page) => page.map(([id]) => id))).toEqual([['2', '4', '6', '8'], ['10', '12']]);
  expect(await profiles.byKeys([['3'], ['4']])).toEqual([null, ['4', 'name', 't']]);
});

test('a table that is not there has no rows', async () => {
  const db = await testDatabase();
  expect(await profilesOf(db)).toBeNull();
});
