import pg from 'pg';
import { inSession } from './connect.ts';

/** After so long the server ends a session that does nothing, in milliseconds: a daemon that is stopped while it starts must not keep others from it. */
const IDLE_TIMEOUT = 5_000;
/** Tells walhook's advisory locks from others'. */
const SPACE = 0x77616c68;

/**
 * Held by a daemon from the moment when it takes over a free slot until it streams: two that start at the same time would
 * take the state from each other, and both send what is parked. It ends with its session, so with the process.
 */
export class StartingLock {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Null if another daemon has it. `way`: one to connect that has worked. */
  static async take(way: pg.ClientConfig, slot: string): Promise<StartingLock | null> {
    const client = new pg.Client(inSession(way, { idle_session_timeout: String(IDLE_TIMEOUT) }));
    client.on('error', () => undefined); // the next query tells
    await client.connect();
    const { rows } = await client.query<{ taken: boolean }>('select pg_try_advisory_lock($1::integer, hashtext($2)) as taken', [SPACE, slot]);
    if (rows[0]?.taken === true) return new StartingLock(client);
    await client.end();
    return null;
  }

  /** May be called twice. */
  async release(): Promise<void> {
    await this.#client.end().catch(() => undefined);
  }
}
