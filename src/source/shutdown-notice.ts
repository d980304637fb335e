import type pg from 'pg';
import { sqlState } from '../reaction.ts';

/** admin_shutdown: what a server that shuts down tells those that are connected. */
const ADMIN_SHUTDOWN = '57P01';

/**
 * Tells when the server begins to shut down. It ends all connections then but those that stream: for these it waits,
 * without limit, until all WAL has been sent and confirmed. What a daemon must store before it confirms may be stored
 * on that very server, which lets nobody in any more; so the stream must be given up, or both wait for ever.
 * A connection of the pool that lies idle is the one that is told.
 */
export class ShutdownNotice {
  readonly #pool: pg.Pool;

  /** `pool` must let connections lie idle for ever. */
  constructor(pool: pg.Pool, onShutdown: (reason: Error) => void) {
    this.#pool = pool;
    pool.on('error', (error) => {
      if (sqlState(error) === ADMIN_SHUTDOWN) onShutdown(error);
    });
  }

  /** Sees to it that a connection lies idle: after a restart of the server, say. */
  arm(): void {
    this.#pool.query('select 1').catch(() => undefined); // the next stream arms it again
  }
}
