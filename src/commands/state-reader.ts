import { sql } from 'kysely';
import { storedReport } from '../backfill/stored-report.ts';
import type { BackfillReport } from '../backfills.ts';
import type { Config } from '../config.ts';
import { reach, target } from '../source/connect.ts';
import { backfillStore } from '../store/backfills.ts';
import { checkpointTime } from '../store/checkpoint-time.ts';
import { countByEndpoint, type EndpointCounts } from '../store/counts.ts';
import { openState, type StateDatabase } from '../store/database.ts';
import { type EndpointCondition, endpointConditions } from '../store/endpoint-conditions.ts';
import { readerCipherOf } from '../store/key-file.ts';
import { Ownership } from '../store/owner.ts';
import { guarded } from '../store/store-error.ts';

/** What is stored of an endpoint. */
export interface StoredEndpoint extends EndpointCounts {
  /** Null: nothing is remembered of it, so it is well. */
  readonly condition: EndpointCondition | null;
}

/**
 * Looks into the state schema over one connection, which is opened when it is first needed. All but `close` throws a
 * WalhookError if the database cannot be reached or has no state schema.
 */
export class StateReader {
  readonly #config: Config;
  #state: Promise<StateDatabase> | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  /** Parked and dead deliveries, and how the endpoint was doing, by endpoint. */
  async counts(): Promise<Map<string, StoredEndpoint>> {
    const state = await this.open();
    const counts = await countByEndpoint(state);
    const conditions = await guarded('read the conditions of endpoints', () => endpointConditions(state));
    const known = new Map(conditions.map((condition) => [condition.endpoint, condition]));
    const names = new Set([...counts.keys(), ...known.keys()]);
    return new Map([...names].map((name) => [name, { ...(counts.get(name) ?? NONE), condition: known.get(name) ?? null }]));
  }

  /** When the daemon last stored how far it is; null if it never did. */
  async checkpointTime(): Promise<Date | null> {
    return checkpointTime(await this.open(), this.#config.source.slot);
  }

  /** As `BackfillOperations.list`, of which no daemon says how fast they are. */
  async backfills(query: { readonly hook?: string; readonly active?: boolean }): Promise<readonly BackfillReport[]> {
    const state = await this.open();
    const stored = await backfillStore(state, new Ownership(state, this.#config.source.slot)).list({ ...query, limit: MOST_BACKFILLS });
    return stored.map(storedReport);
  }

  /** The database's clock. */
  async now(): Promise<Date> {
    const state = await this.open();
    return guarded('read the clock', async () => {
      const { rows } = await sql<{ now: Date }>`select clock_timestamp() as now`.execute(state.db);
      return rows[0]?.now ?? new Date();
    });
  }

  /** May be called twice, and without anything having been read. */
  async close(): Promise<void> {
    const state = await this.#state?.catch(() => null);
    await state?.close();
  }

  open(): Promise<StateDatabase> {
    const { source, state } = this.#config;
    if (this.#state === null) {
      const opening = reach(target(state.url ?? source.url)).then((client) => openState({ client, schema: state.schema, cipher: readerCipherOf(state), connections: 1 }));
      // A database that cannot be reached now may be there for the next question.
      opening.catch(() => {
        this.#state = null;
      });
      this.#state = opening;
    }
    return this.#state;
  }
}

/** As many as the daemon lists. */
const MOST_BACKFILLS = 200;

const NONE: EndpointCounts = { parked: 0, dead: 0, oldestParked: null };
