/**
 * What people do with stored deliveries and endpoints: the HTTP API and the commands both speak of it in these words.
 * Names and shapes are those of the API's JSON. Times are ISO 8601.
 */
export interface Operations {
  /** Throws a WalhookError `unknown_endpoint`, `unknown_hook` or `unknown_table` for a name that nothing stored or configured bears. */
  list(query: ListQuery): Promise<StoredList>;
  /** All that is kept under a webhook-id: one for each endpoint it was meant for. Throws `unknown_delivery` if there is nothing. */
  show(id: string): Promise<readonly StoredDetail[]>;
  /** What `act` would do. Throws as it does. */
  count(action: BulkAction, selection: Selection): Promise<Tally>;
  /**
   * `replay` sends dead letters again, with the same id and body; `discard` forgets stored deliveries for good. Throws
   * as `list` does, `unknown_delivery` if one of `ids` is not there, and `not_configured` if all that is selected belongs
   * to endpoints that nothing is sent to any more. Nothing has been done then.
   */
  act(action: BulkAction, selection: Selection, progress?: BulkProgress): Promise<Tally>;
  /**
   * Nothing is sent to the endpoint until it is resumed: its deliveries are parked. Throws `unknown_endpoint`.
   *
   * @param reason null: the one it was paused for already, else `paused by hand`.
   * @returns the reason that holds now.
   */
  pause(endpoint: string, reason: string | null): Promise<string>;
  /** A paused or disabled endpoint is sent to again. Throws `unknown_endpoint`. */
  resume(endpoint: string): Promise<void>;
}

export type BulkAction = 'replay' | 'discard';

/** For an action that takes its time: it works in parts, each of which is whole. */
export interface BulkProgress {
  /** Told after each part how many are done so far. */
  readonly onDone: (count: number) => void;
  /** Nothing more is begun once it is aborted. What was done stays done. */
  readonly signal: AbortSignal;
}

/** `parked`: it will be sent; `dead`: it gave up. */
export type StoredState = 'parked' | 'dead';

/** `delivered`: it arrived, and is still in the history. Can be listed, shown and replayed. */
export type ListedState = StoredState | 'delivered';

/** Which stored deliveries are meant: all in this state for which everything that is given holds. */
export interface Selection {
  readonly state: ListedState;
  /** webhook-ids; at least one. */
  readonly ids?: readonly string[] | undefined;
  readonly endpoint?: string | undefined;
  readonly hook?: string | undefined;
  /** `schema.table`, or a table of schema public. */
  readonly table?: string | undefined;
  /** Parked, dead or delivered at or after this moment. */
  readonly since?: string | undefined;
  /** Parked, dead or delivered before this moment by the state database's clock: `as_of` of an earlier count. */
  readonly before?: string | undefined;
  /**
   * Of this row: the text of each column of the table's key. Needs `table`. Finds what shares the row's lane, so for a hook with
   * `order_by` what shares its order with the row as it is now.
   */
  readonly key?: Readonly<Record<string, string>> | undefined;
}

export interface ListQuery extends Selection {
  /** At most so many, 1 to 1,000. */
  readonly limit: number;
  /** `next` of the page before this one. */
  readonly cursor?: string | undefined;
}

export interface StoredList {
  /** The latest first. */
  readonly deliveries: readonly StoredDelivery[];
  /** For the next page; null: there is none. */
  readonly next: string | null;
}

export interface StoredDelivery {
  readonly state: ListedState;
  readonly id: string;
  readonly endpoint: string;
  readonly hook: string;
  readonly table: string;
  readonly operation: string;
  /** Of the body. */
  readonly bytes: number;
  readonly attempts: number;
  /** Why the last attempt failed; null if none was made. */
  readonly failure: string | null;
  readonly status: number | null;
  readonly message: string | null;
  readonly committed_at: string;
  /** Null for a dead letter that was never parked. */
  readonly parked_at: string | null;
  /** Null if it is parked. */
  readonly died_at: string | null;
  /** Null unless it arrived. */
  readonly delivered_at: string | null;
  /** Of the attempt that delivered it; null unless it arrived. */
  readonly duration_ms: number | null;
  /** When it may be tried next: those before it in its lane, and its endpoint's condition, can make it later. Null if it is dead. */
  readonly next_at: string | null;
}

export interface StoredDetail extends StoredDelivery {
  /** Null: the endpoint's own, as it is when the delivery is sent. */
  readonly method: string | null;
  readonly path: string | null;
  /** Null: the body is pairs for the URL's query. */
  readonly content_type: string | null;
  /** The hook's own; the values of those that sound secret are masked. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The start of the last response; null if no attempt was made. */
  readonly response: string | null;
  readonly commit_lsn: string;
}

/** How many deliveries an action is about, or was. */
export interface Tally {
  readonly count: number;
  readonly endpoints: Readonly<Record<string, number>>;
  /** Dead letters that cannot be replayed, since the configuration no longer has their endpoint. */
  readonly not_configured: Readonly<Record<string, number>>;
  /** The moment of the count, by the state database's clock. */
  readonly as_of: string;
}

export const MOST_IDS = 1_000;
export const MOST_LISTED = 1_000;
