import type { Config } from './config.ts';
import { reach, target } from './source/connect.ts';
import { SourcePool } from './source/source-pool.ts';

/** Milliseconds until a query gets no answer any more. */
const PATIENCE = 30_000;

/** Connections to the source for hooks with `enrich`, made when they are asked for first: what needs nothing looked up goes on while the source is down. */
export class Lookups {
  readonly #config: Pick<Config, 'source'>;
  #pool: Promise<SourcePool> | null = null;

  constructor(config: Pick<Config, 'source'>) {
    this.#config = config;
  }

  async query(sql: string, values: unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }> {
    this.#pool ??= this.#open();
    return (await this.#pool).query<Record<string, unknown>>(sql, values);
  }

  async #open(): Promise<SourcePool> {
    try {
      return new SourcePool({ ...(await reach(target(this.#config.source.url))), max: 2, query_timeout: PATIENCE });
    } catch (error) {
      this.#pool = null;
      throw error;
    }
  }

  async end(): Promise<void> {
    await (await this.#pool?.catch(() => null))?.end();
  }
}
