import { type Generated, Kysely, PostgresDialect, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { reactionTo } from '../reaction.ts';
import { type Cipher, PLAIN } from './cipher.ts';

/** The tables of sql/, as a driver sees them: LSNs as text (`16/B374D848`), bigint as text, times as Date. */
export interface StateTables {
  migration: MigrationTable;
  checkpoint: CheckpointTable;
  parked: ParkedTable;
  dead: DeadTable;
}

export interface MigrationTable {
  version: number;
  breaking: boolean;
  applied_at: Generated<Date>;
}

export interface CheckpointTable {
  slot: string;
  system_id: string;
  timeline: number;
  publication: string;
  published: string[] | null;
  whole_lsn: string | null;
  lsn: string;
  within_commit_lsn: string | null;
  within_ordinal: string | null;
  updated_at: Date;
}

interface DeliveryColumns {
  key: string;
  endpoint: string;
  id: string;
  hook: string;
  lane: string;
  commit_lsn: string;
  ordinal: string;
  nth: number;
  operation: string;
  table_name: string;
  method: string | null;
  path: string | null;
  content_type: string | null;
  /** JSON text. */
  headers: string | null;
  body: Buffer;
  attempts: number;
  committed_at: Date;
}

export interface ParkedTable extends DeliveryColumns {
  row_hash: string | null;
  due_at: Date;
  parked_at: Date;
  failure: string | null;
  status: number | null;
  message: string | null;
  response: string | null;
}

export interface DeadTable extends DeliveryColumns {
  parked_at: Date | null;
  died_at: Date;
  failure: string;
  status: number | null;
  message: string;
  response: string;
}

/** The state schema and the way to it. */
export interface StateDatabase {
  /** Puts `schema` before every table that a query names. */
  readonly db: Kysely<StateTables>;
  readonly schema: string;
  /** What is stored of requests and answers goes through it. */
  readonly cipher: Cipher;
  /** Ends all connections. May be called twice. */
  close(): Promise<void>;
}

export interface StateDatabaseOptions {
  readonly client: pg.ClientConfig;
  readonly schema: string;
  /** Default: nothing is sealed. */
  readonly cipher?: Cipher;
  /** Connections at most. Default 5: parking, settling, paging, the history, and one for people. */
  readonly connections?: number;
  /** Milliseconds until a query without an answer fails and its connection is given up. Default 30,000. */
  readonly timeout?: number;
}

/** Opens no connection before the first query. */
export function openState(options: StateDatabaseOptions): StateDatabase {
  const pool = new pg.Pool({
    ...options.client,
    max: options.connections ?? 5,
    connectionTimeoutMillis: options.client.connectionTimeoutMillis ?? 10_000,
    query_timeout: options.timeout ?? 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
  });
  // A connection that breaks while idle is dropped by the pool; the next query gets a new one or says what is wrong.
  pool.on('error', () => {});
  // While it is lent, nobody but us listens to it, and an error without a listener would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  const root = new Kysely<StateTables>({
    dialect: new PostgresDialect({ pool: { options: pool.options, connect: lender(pool), end: () => pool.end() } }),
  });
  let closed: Promise<void> | null = null;
  return {
    db: root.withSchema(options.schema),
    schema: options.schema,
    cipher: options.cipher ?? PLAIN,
    close: () => (closed ??= root.destroy()),
  };
}

/**
 * What a COMMIT promises must be on disk before the LSN is confirmed, whatever the role's or database's defaults say.
 * Settings that promise more than `on` stay.
 */
const DURABLE = `select set_config('synchronous_commit', 'on', false) where current_setting('synchronous_commit') in ('off', 'local')`;

/**
 * A statement whose client has given up ends within a second, instead of having its effect whenever it can: a batch that
 * is repeated on another connection should not meet itself. Postgres 14 and later.
 */
const ABANDONED = `select set_config(name, '1000', false) from pg_settings where name = 'client_connection_check_interval'`;

/** Lends the pool's clients to Kysely, which knows them by identity: each has one stand-in. */
function lender(pool: pg.Pool): () => Promise<PostgresPoolClient> {
  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return async () => {
    const client = await pool.connect();
    const before = known.get(client);
    if (before !== undefined) return before;
    try {
      await client.query(`${DURABLE}; ${ABANDONED}`);
    } catch (error) {
      client.release(true);
      throw error;
    }
    const standIn = discardable(client);
    known.set(client, standIn);
    return standIn;
  };
}

/** A client that is closed, not used again, after a fault of the connection: a query that timed out still occupies it. */
function discardable(client: pg.PoolClient): PostgresPoolClient {
  let broken = false;
  const query = (text: string, parameters: readonly unknown[]): Promise<unknown> =>
    client.query(text, [...parameters]).catch((error: unknown) => {
      broken ||= !(error instanceof pg.DatabaseError) && reactionTo(error) === 'retry';
      throw error;
    });
  return {
    // Kysely passes cursors only to a dialect that has been given a cursor class.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy === true || broken),
  };
}
