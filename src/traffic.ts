import type { FailureClass } from './outcome.ts';

/**
 * What went by of late: changes, attempts, and deliveries that arrived, as the API and the console speak of them. Names and shapes
 * are those of the API's JSON. Times are ISO 8601, UTC.
 */
export interface Traffic {
  /** Changes of watched tables that are still in memory, the latest first. */
  changes(query: ChangeQuery): ChangeList;
  /** Null: it is not in memory any more, or it was passed over. */
  change(place: string): ChangeReport | null;
  /** Attempts at a delivery that are known, the first first. */
  attempts(id: string): Promise<readonly AttemptReport[]>;
  /** Calls back for each change and attempt from now on, never within the call that made it, until the signal aborts. Under load only some are told, and `skipped` says how many were not. */
  watch(filter: LiveFilter, onEvent: (event: LiveEvent) => void, signal: AbortSignal): void;
  /** Of each endpoint and hook since the daemon started, and over the last hour. */
  rates(): TrafficRates;
}

export interface ChangeQuery {
  /** `schema.table`, or a table of schema public. */
  readonly table?: string | undefined;
  readonly operation?: ChangeReport['operation'] | undefined;
  /** At most so many, 1 to 1,000. */
  readonly limit: number;
}

export interface ChangeList {
  readonly changes: readonly ChangeReport[];
  /** How many are kept at most. */
  readonly kept: number;
  /** Changes since the start that were not kept because there were too many in a moment. */
  readonly passed_over: number;
}

/** One row's change, without its values but the key's. */
export interface ChangeReport {
  /** `<commit LSN in hex>-<place among its table's changes>-<table's oid>`: names it, also as part of the ids made of it. */
  readonly place: string;
  /** When it was committed. */
  readonly at: string;
  /** As Postgres writes it. */
  readonly commit_lsn: string;
  readonly xid: number;
  /** `schema.table`. */
  readonly table: string;
  readonly operation: 'insert' | 'update' | 'delete' | 'truncate';
  /** Text of the key's columns, hidden ones redacted; null for a truncate. */
  readonly key: Readonly<Record<string, string | null>> | null;
  /** Columns that changed and may be seen; null where the WAL does not tell. */
  readonly changed: readonly string[] | null;
  /** webhook-ids of the deliveries made of it. */
  readonly deliveries: readonly { readonly id: string; readonly hook: string; readonly endpoint: string }[];
}

/** One HTTP attempt of a delivery. */
export interface AttemptReport {
  readonly endpoint: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** When it ended. */
  readonly at: string;
  readonly duration_ms: number;
  /** What became of the delivery with it. */
  readonly result: 'delivered' | 'parked' | 'dead';
  readonly failure: FailureClass | null;
  /** HTTP status; null where there was no response. */
  readonly status: number | null;
  /** Why it failed, in a line; null if it did not. */
  readonly message: string | null;
  /** The response's start, capped; null where it is not kept. */
  readonly response: string | null;
}

export interface LiveFilter {
  readonly table?: string | undefined;
  readonly hook?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly operation?: string | undefined;
}

export type LiveEvent =
  | { readonly type: 'change'; readonly change: ChangeReport }
  | { readonly type: 'attempt'; readonly attempt: LiveAttempt }
  /** So many were not told since the last event, since there were too many. */
  | { readonly type: 'skipped'; readonly count: number };

export interface LiveAttempt extends AttemptReport {
  readonly id: string;
  readonly hook: string;
  readonly table: string;
  readonly operation: string;
  readonly committed_at: string;
}

export interface TrafficRates {
  /** Since when the totals count. */
  readonly since: string;
  readonly endpoints: readonly EndpointRates[];
  readonly hooks: readonly HookRates[];
}

export interface EndpointRates {
  readonly name: string;
  /** Deliveries that arrived over the last minute. */
  readonly per_minute: number;
  /** Durations of attempts over the last five minutes, in milliseconds; null where there were none. */
  readonly p50_ms: number | null;
  readonly p95_ms: number | null;
  /** From commit to delivered, over the last five minutes. */
  readonly behind_p95_ms: number | null;
  /** The last sixty minutes, the oldest first; the last one is not over. */
  readonly minutes: readonly { readonly delivered: number; readonly failed: number }[];
  readonly attempts: Readonly<Record<'delivered' | 'failed', number>>;
}

/** Counts at each step of a hook's way. */
export interface HookRates {
  readonly name: string;
  /** Events of its table of the kinds that it takes. */
  readonly events: number;
  /** Of these, wanted by its conditions. */
  readonly matched: number;
  /** Deliveries made: for each endpoint one. */
  readonly deliveries: number;
  readonly delivered: number;
  readonly dead: number;
}
