import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { sql, type Transaction } from 'kysely';
import { EXIT, WalhookError } from '../errors.ts';
import { sqlState } from '../reaction.ts';
import type { StateDatabase, StateTables } from './database.ts';
import { storeError } from './store-error.ts';

/** A numbered file of sql/. */
export interface Migration {
  /** From the file's name: 000001.sql is 1. */
  readonly version: number;
  /**
   * True if a program that does not know it cannot work with a schema that has it. Said by the file's first line,
   * `-- breaking`.
   */
  readonly breaking: boolean;
  readonly sql: string;
}

/**
 * Brings the state schema up to date and gives the versions that were applied, none if it was already. One transaction:
 * a kill in the middle leaves nothing, and of two daemons that start at once the second waits and finds it done.
 *
 * @throws WalhookError `state_schema_newer` if a newer walhook has changed the schema in a way this one does not know;
 *   `state_permission` if the role may not create the schema.
 */
export async function migrate(state: StateDatabase, migrations?: readonly Migration[]): Promise<number[]> {
  const known = migrations ?? (await readMigrations());
  try {
    return await state.db.transaction().execute((transaction) => bringUp(transaction, state.schema, known));
  } catch (error) {
    if (sqlState(error) === '42501') throw denied(state.schema, error);
    throw storeError(`bring schema ${JSON.stringify(state.schema)} up to date`, error);
  }
}

/** The migrations that this program has, lowest first. */
export async function readMigrations(folder: string = migrationFolder()): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((name) => /^\d{6}\.sql$/.test(name)).toSorted();
  return Promise.all(
    files.map(async (name) => {
      const text = await readFile(join(folder, name), 'utf8');
      return { version: Number(name.slice(0, 6)), breaking: /^-- breaking\b/.test(text), sql: text };
    }),
  );
}

/** sql/ lies beside src/ in a checkout and beside dist/ in the package: the nearest one above this file. */
function migrationFolder(): string {
  for (let at = import.meta.dirname; dirname(at) !== at; at = dirname(at)) {
    const folder = join(at, 'sql');
    if (existsSync(join(folder, '000001.sql'))) return folder;
  }
  throw new WalhookError('the folder sql/ of walhook is missing: its installation is incomplete', { code: 'sql_missing' });
}

async function bringUp(db: Transaction<StateTables>, schema: string, known: readonly Migration[]): Promise<number[]> {
  await sql`set local lock_timeout = '30s'`.execute(db);
  await sql`select pg_advisory_xact_lock(hashtextextended(${`walhook state schema ${schema}`}, 0))`.execute(db);
  await createSchema(db, schema);
  await sql`set local search_path to ${sql.id(schema)}`.execute(db);
  const applied = await db.selectFrom('migration').select(['version', 'breaking']).execute();
  const latest = Math.max(0, ...known.map((migration) => migration.version));
  const newer = applied.filter((row) => row.version > latest && row.breaking).map((row) => row.version);
  if (newer.length > 0) throw tooNew(schema, Math.max(...newer), latest);

  const there = new Set(applied.map((row) => row.version));
  const missing = known.filter((migration) => !there.has(migration.version));
  for (const { version, breaking, sql: text } of missing) {
    await sql.raw(text).execute(db);
    await db.insertInto('migration').values({ version, breaking }).execute();
  }
  return missing.map((migration) => migration.version);
}

async function createSchema(db: Transaction<StateTables>, schema: string): Promise<void> {
  // Not IF NOT EXISTS: that asks for the privilege to create even where the schema is there.
  const found = await sql<{ table: string | null }>`
    select to_regclass(${`${quoted(schema)}.migration`})::text as table from pg_namespace where nspname = ${schema}`.execute(db);
  if (found.rows.length === 0) await sql`create schema ${sql.id(schema)}`.execute(db);
  if (found.rows[0]?.table) return;
  await db.schema
    .createTable('migration')
    .addColumn('version', 'integer', (column) => column.primaryKey())
    .addColumn('breaking', 'boolean', (column) => column.notNull())
    .addColumn('applied_at', 'timestamptz', (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function tooNew(schema: string, version: number, latest: number): WalhookError {
  return new WalhookError(
    `state schema ${JSON.stringify(schema)} is at version ${version}, which a newer walhook has made: this one knows versions up to ${latest}`,
    { code: 'state_schema_newer', hint: 'start the newer walhook again, or name another state.schema', exit: EXIT.failure },
  );
}

function denied(schema: string, error: unknown): WalhookError {
  const missing = error instanceof Error && error.message.includes('for database');
  return new WalhookError(`the role may not ${missing ? 'create' : 'use'} the state schema ${JSON.stringify(schema)}`, {
    code: 'state_permission',
    hint: missing
      ? `CREATE SCHEMA ${quoted(schema)} AUTHORIZATION <role>;  -- as an administrator of the state database`
      : `ALTER SCHEMA ${quoted(schema)} OWNER TO <role>;  -- and the tables in it`,
    exit: EXIT.notPermitted,
  });
}
