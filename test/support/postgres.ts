import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import type {} from './provided.ts';

export type SqlRow = Record<string, unknown>;

/** A fresh, empty database on the run's Postgres. */
export interface TestDatabase {
  /** Superuser URL of this database. */
  readonly url: string;
  readonly name: string;
  /** Runs one statement (or several without parameters) on a connection kept for this; gives the rows of the last. */
  sql<Row extends SqlRow = SqlRow>(text: string, params?: readonly unknown[]): Promise<Row[]>;
  /** A connection of its own, ended by `drop()` at the latest. */
  client(): Promise<pg.Client>;
  /** Ends every connection, drops every slot of this database, then the database. May be called twice. */
  drop(): Promise<void>;
}

/** URL of the run's server, database `postgres`, superuser. */
export function serverUrl(): string {
  return inject('postgresUrl');
}

/** Creates a database, on the run's server or another; the test (or its `afterAll`) must `drop()` it. */
export async function createDatabase(on: string = serverUrl()): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await onServer(on, (server) => server.query(`create database ${name} template template0`));
  const url = new URL(on);
  url.pathname = `/${name}`;

  const clients: pg.Client[] = [];
  const client = async (): Promise<pg.Client> => {
    const opened = new pg.Client({ connectionString: url.href });
    opened.on('error', () => {}); // terminated by drop() or by a test's fault; queries tell of it themselves
    clients.push(opened);
    await opened.connect();
    return opened;
  };
  let shared: Promise<pg.Client> | null = null;
  /** One that breaks is replaced by the next statement. */
  const openShared = async (): Promise<pg.Client> => {
    const forget = (): void => void (shared = null);
    try {
      const opened = await client();
      opened.once('end', forget);
      return opened;
    } catch (error) {
      forget();
      throw error;
    }
  };
  let dropped: Promise<void> | null = null;
  return {
    url: url.href,
    name,
    client,
    sql: async <Row extends SqlRow>(text: string, params?: readonly unknown[]) => {
      shared ??= openShared();
      const connection = await shared;
      const result = await (params === undefined ? connection.query(text) : connection.query(text, [...params]));
      // Several statements in one string give an array of results, which the types do not know.
      const results: unknown = result;
      const last: pg.QueryResult | undefined = Array.isArray(results) ? results.at(-1) : result;
      return (last?.rows ?? []) as Row[];
    },
    drop: () => (dropped ??= drop(on, name, clients)),
  };
}

async function drop(on: string, name: string, clients: readonly pg.Client[]): Promise<void> {
  await Promise.all(clients.map((client) => client.end().catch(() => {})));
  await onServer(on, async (server) => {
    // Nobody may come back while we clear up: a daemon under test reconnects.
    await server.query(`alter database ${name} with allow_connections false`);
    await server.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [name]);
    await server.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1', [name]);
    await server.query(`drop database ${name} with (force)`);
  });
}

async function onServer<T>(url: string, work: (server: pg.Client) => Promise<T>): Promise<T> {
  const server = new pg.Client({ connectionString: url });
  await server.connect();
  try {
    return await work(server);
  } finally {
    await server.end();
  }
}
