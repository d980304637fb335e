import { createHash } from 'node:crypto';
import type pg from 'pg';
import { sqlState } from '../reaction.ts';
import { PLAIN_TEXT, reach, type Target, target } from './connect.ts';
import { CopyOut, type CopyOutOptions, type SelectedRows } from './copy-out.ts';
import { SourcePool } from './source-pool.ts';

/** Connections at a time. */
const MOST = 4;
/** Milliseconds until an idle connection is closed: what is prepared on it goes with it. */
const IDLE = 60_000;
/** The server cancels a statement at its timeout; one that is heard of no more this long after it, in milliseconds, is given up. */
const GRACE = 2_000;

export interface TextStatement {
  readonly text: string;
  readonly values: readonly unknown[];
}

type Rows = readonly (readonly (string | null)[])[];

/**
 * Connections to the source database on which nothing can be written, for the queries of a configuration. Values come as
 * Postgres writes them. Connects when it is first asked.
 */
export class ReadOnlyDatabase {
  readonly #target: Target;
  readonly #names = new Map<string, string>();
  /** The timeout that a connection's session has. */
  readonly #timeouts = new WeakMap<pg.PoolClient, number>();
  #pool: Promise<SourcePool> | null = null;
  #closed: Promise<void> | null = null;

  /**
   * @param url null: the PG* variables
   * @param session settings of its connections, besides
   */
  constructor(url: string | null, session: Readonly<Record<string, string>> = {}) {
    this.#target = target(url, { session: { ...PLAIN_TEXT, ...session, default_transaction_read_only: 'on' } });
  }

  /**
   * One statement, which stays prepared on its connection.
   *
   * @param timeout milliseconds, after which it is cancelled (SQLSTATE 57014)
   */
  run({ text, values }: TextStatement, timeout: number): Promise<Rows> {
    return this.#on(timeout, (client) => query(client, { text, values, name: this.#nameOf(text) }, timeout));
  }

  /** Some statements on one connection, in a transaction that is rolled back. A connection on which one fails is closed. */
  together<T>(timeout: number, work: (run: (statement: TextStatement) => Promise<Rows>) => Promise<T>): Promise<T> {
    return this.#on(timeout, async (client) => {
      const run = (statement: TextStatement): Promise<Rows> => query(client, statement, timeout);
      try {
        await run({ text: 'begin', values: [] });
        const result = await work(run);
        await run({ text: 'rollback', values: [] });
        return result;
      } catch (error) {
        throw new Broken(error);
      }
    });
  }

  /** Some statements in one message, rows of COPY … TO STDOUT as bytes. Gives what is selected. A connection on which one fails is closed. */
  copyOut(options: CopyOutOptions, timeout: number): Promise<SelectedRows> {
    return this.#on(timeout, async (client) => {
      const copy = client.query(new CopyOut(options));
      const giveUp = setTimeout(() => copy.handleError(new Error('Query read timeout')), timeout + GRACE);
      try {
        return await copy.done;
      } catch (error) {
        throw new Broken(error);
      } finally {
        clearTimeout(giveUp);
      }
    });
  }

  /** Ends at once: what is under way fails, and so does whatever comes. May be called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#end();
    return this.#closed;
  }

  async #end(): Promise<void> {
    const pool = await this.#pool?.catch(() => null);
    pool?.giveUp();
    await pool?.end();
  }

  async #on<T>(timeout: number, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await (await this.#connect()).connect();
    let isBroken = true;
    try {
      if (this.#timeouts.get(client) !== timeout) {
        await query(client, { text: `set statement_timeout = ${Math.round(timeout)}`, values: [] }, timeout);
        this.#timeouts.set(client, timeout);
      }
      const result = await work(client);
      isBroken = false;
      return result;
    } catch (error) {
      // The connection goes, whatever the error is.
      if (error instanceof Broken) throw error.cause;
      isBroken = sqlState(error) === null;
      throw error;
    } finally {
      client.release(isBroken);
    }
  }

  async #connect(): Promise<SourcePool> {
    if (this.#closed !== null) throw new Error('the connection is closed');
    this.#pool ??= reach(this.#target).then((config) => new SourcePool({ ...config, max: MOST, idleTimeoutMillis: IDLE }));
    try {
      return await this.#pool;
    } catch (error) {
      this.#pool = null;
      throw error;
    }
  }

  /** The same for the same text: a connection refuses two statements under one name. */
  #nameOf(text: string): string {
    let name = this.#names.get(text);
    if (name === undefined) {
      name = `walhook_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
      this.#names.set(text, name);
    }
    return name;
  }
}

/** What has gone on on the connection is not known. */
class Broken extends Error {
  constructor(cause: unknown) {
    super('', { cause });
  }
}

const AS_TEXT: pg.CustomTypesConfig = { getTypeParser: () => (value: unknown) => value };

async function query(client: pg.PoolClient, { text, values, name }: TextStatement & { readonly name?: string }, timeout: number): Promise<Rows> {
  const config: pg.QueryArrayConfig & { readonly query_timeout: number } = {
    text,
    values: [...values],
    rowMode: 'array',
    types: AS_TEXT,
    query_timeout: timeout + GRACE,
    ...(name === undefined ? {} : { name }),
  };
  return (await client.query<(string | null)[]>(config)).rows;
}
