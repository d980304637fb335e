import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase, serverUrl, type TestDatabase } from './postgres.ts';
import pg from 'pg';

let db: TestDatabase;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db.drop());

test('a database is fresh, and ready for logical decoding', async () => {
  const [row] = await db.sql<{ wal_level: string; name: string; tables: string }>(
    `select current_setting('wal_level') as wal_level, current_database() as name,
            (select count(*) from pg_tables where schemaname = 'public') as tables`,
  );
  expect(row).toEqual({ wal_level: 'logical', name: db.name, tables: '0' });
});

test('drop takes slots in use, connections and the database with it', async () => {
  const other = await createDatabase();
  const client = await other.client();
  await client.query(`select pg_create_logical_replication_slot('slot_of_' || current_database(), 'pgoutput')`);
  const reader = new pg.Client({ connectionString: other.url, replication: 'database' } as pg.ClientConfig);
  const gone = new Promise((resolve) => reader.once('error', resolve));
  await reader.connect();
  const streaming = reader.query(`START_REPLICATION SLOT slot_of_${other.name} LOGICAL 0/0 (proto_version '1', publication_names 'p')`);
  streaming.catch(() => {});
  await expect.poll(async () => (await db.sql(`select 1 from pg_replication_slots where slot_name = $1 and active`, [`slot_of_${other.name}`])).length).toBe(1);

  await other.drop();
  await gone;

  expect(await db.sql(`select 1 from pg_replication_slots where database = $1`, [other.name])).toEqual([]);
  expect(await db.sql(`select 1 from pg_database where datname = $1`, [other.name])).toEqual([]);
  expect(new URL(serverUrl()).pathname).toBe('/postgres');
});
