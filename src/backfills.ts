/**
 * Backfills, as commands, HTTP and `status` speak of them: the rows that a hook's table had before, sent while streaming goes
 * on. Names and shapes are those of the API's JSON.
 */

/**
 * `waiting`: about to begin, or for what `reason` says; `running`; `paused`: by a person; `done`: each row was looked at, and
 * all that was sent is delivered, parked or dead; `cancelled`: by a person; `failed`: for what `reason` says.
 */
export type BackfillState = 'waiting' | 'running' | 'paused' | 'done' | 'cancelled' | 'failed';

/** Who asked: `initial`: `backfill: initial` of the hook's configuration; `resync`: after a lost slot. */
export type BackfillOrigin = 'command' | 'initial' | 'resync' | 'console';

export interface BackfillReport {
  /** Letters, digits, `-` and `_`: bf_20261121T193000_x7k2. */
  readonly id: string;
  readonly hook: string;
  /** `schema.table`. */
  readonly table: string;
  readonly state: BackfillState;
  /** Why it waits, is paused or failed. */
  readonly reason: string | null;
  readonly where: string | null;
  /** The columns that are sent; null: as the hook says. */
  readonly columns: readonly string[] | null;
  /** Rows a second at most; null: no limit. */
  readonly rate: number | null;
  /** Rows looked at so far. */
  readonly rows_done: number;
  /** Of these, handed over as deliveries: others were newer in the stream, or did not match. */
  readonly rows_sent: number;
  /** The planner's estimate of all, corrected as it goes; never below `rows_done`. */
  readonly rows_estimated: number | null;
  /** Of late; null while it does not run. */
  readonly rows_per_second: number | null;
  readonly seconds_left: number | null;
  /** Times in ISO 8601, UTC. */
  readonly requested_at: string;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly origin: BackfillOrigin;
}

export interface BackfillRequest {
  readonly hook: string;
  /** SQL: a condition on the table's columns. */
  readonly where?: string;
  readonly columns?: readonly string[];
  /** Rows a second at most. */
  readonly rate?: number;
  readonly origin?: BackfillOrigin;
}

/** What a running daemon does with backfills. */
export interface BackfillOperations {
  /**
   * Throws a WalhookError: `unknown_hook`, `backfill_no_key`, `backfill_where` (with Postgres' message), `backfill_columns`,
   * `backfill_running` (one of the same hook and condition has not ended).
   */
  begin(request: BackfillRequest): Promise<BackfillReport>;
  /** The latest first. `active`: those that have not ended. */
  list(query?: { readonly hook?: string; readonly active?: boolean }): Promise<readonly BackfillReport[]>;
  /** Throws `unknown_backfill`; so do the following. */
  show(id: string): Promise<BackfillReport>;
  /** Throws `backfill_ended`, and so do the following. */
  pause(id: string): Promise<BackfillReport>;
  resume(id: string): Promise<BackfillReport>;
  cancel(id: string): Promise<BackfillReport>;
}
