import { type Database, WALHOOK } from './database.ts';
import type { Backlog } from './limits/stream.ts';
import type { Suite } from './suite.ts';
import { type ConfigParts, endpoint, walhookConfig, type WalhookConfig } from './walhook-config.ts';

/** What is written of most measures: a row of six columns, a body of about 240 bytes. */
const TABLE = 'create table profiles (user_id bigint primary key, email text, first_name text, last_name text, score numeric, created_at timestamptz)';
export const INSERT_PROFILES = `insert into profiles select i, 'user' || i || '@example.com', 'Juliet', 'Rose', i / 7.0, now() from generate_series($1::int, $2::int) i`;

export async function createProfiles(database: Database): Promise<void> {
  await database.query(TABLE);
}

/** A database with the table and its publication. */
export async function profilesDatabase(suite: Suite, name: string): Promise<Database> {
  const database = await suite.database(name);
  await createProfiles(database);
  await database.query(`create publication ${WALHOOK} for table profiles`);
  return database;
}

/** A backlog of so many new rows, in transactions of a thousand. */
export async function profilesBacklog(suite: Suite, name: string, rows: number): Promise<Backlog> {
  const database = await profilesDatabase(suite, name);
  await database.beginBacklog();
  await database.inThousands(rows, INSERT_PROFILES);
  return { database, publication: WALHOOK, rows, end: await database.end() };
}

/** Every event of the table, one endpoint at a port, one lookup field. */
export function profilesConfig(database: Database, port: number, { publication, tables, endpoints, hooks, history }: Partial<ConfigParts> = {}): Promise<WalhookConfig> {
  return walhookConfig({
    database,
    publication: publication ?? WALHOOK,
    tables: { profiles: { lookup: ['email'] }, ...tables },
    endpoints: endpoints ?? { bench: endpoint(port, { concurrency: 64 }) },
    hooks: hooks ?? [{ name: 'bench', table: 'profiles', to: 'bench' }],
    ...(history === undefined ? {} : { history }),
  });
}
