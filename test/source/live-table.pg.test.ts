import { expect, test } from 'vitest';
import { liveTable } from '../../src/source/live-table.ts';
import { testDatabase } from '../support/daemon.ts';

test('a table as it is now: its key in order, its columns without those that were dropped', async () => {
  const db = await testDatabase(`
    create table "Items" (gone int, b int, name text, a int, primary key (a, b));
    create unique index on "Items" (name);
    alter table "Items" drop column gone;
    create table keyless (x int)`);
  const client = await db.client();
  const oidOf = async (name: string): Promise<number> => Number((await db.sql(`select '${name}'::regclass::oid::text as oid`))[0]?.['oid']);
  const items = await liveTable(client, await oidOf('"Items"'));
  expect(items.primaryKey).toEqual(['a', 'b']);
  expect(items.columns.toSorted()).toEqual(['a', 'b', 'name']);
  expect(await liveTable(client, await oidOf('keyless'))).toEqual({ primaryKey: [], columns: ['x'] });
  expect(await liveTable(client, 1)).toEqual({ primaryKey: [], columns: [] });
  await client.end();
});
