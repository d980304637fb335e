import type { Delivery, Sequence } from '../delivery.ts';
import type { Lsn } from '../lsn.ts';
import type { Ending, FailureClass, Outcome } from '../outcome.ts';

/** What a failed attempt leaves in the store: enough to tell an operator why, and nothing that must not be told. */
export interface Failure {
  readonly failure: FailureClass;
  readonly status: number | null;
  readonly message: string;
  readonly response: string;
}

/** A delivery to be stored because it cannot be sent yet. */
export interface Parking {
  readonly delivery: Delivery;
  /** Attempts made so far. */
  readonly attempts: number;
  /** Why the last attempt failed; null if it only waits behind another or for its endpoint. */
  readonly failure: Failure | null;
  /** Milliseconds until it is due; 0 for at once. */
  readonly dueIn: number;
}

/** What was sent of a delivery that had been a draft: a retry sends the same. */
export type Rendered = Pick<Delivery, 'request' | 'body'>;

/** A delivery that gives up. */
export interface Burial {
  readonly delivery: Delivery;
  readonly attempts: number;
  readonly failure: Failure;
}

/** A parked delivery, read back. */
export interface Stored {
  readonly delivery: Delivery;
  readonly attempts: number;
  /** Milliseconds until it is due, 0 or less if it is. */
  readonly dueIn: number;
}

/** A lane whose head is parked. */
export interface ParkedLane {
  readonly lane: number;
  /** Milliseconds until its head is due, 0 or less if it is. */
  readonly dueIn: number;
}

export interface FailedAttempt {
  readonly id: string;
  readonly attempts: number;
  /** Null if it is not known: the daemon has stopped while the request was out. */
  readonly failure: Failure | null;
  /** Takes the place of the request and body that are stored. Absent: those stay. */
  readonly rendered?: Rendered | undefined;
}

/** What became of parked deliveries that were tried again. All of it is made durable at once. */
export interface Settlement {
  readonly endpoint: string;
  /** Ids that were delivered and may be forgotten. */
  readonly delivered: readonly string[];
  /** Attempts that failed: the row stays, and is due later. */
  readonly failed: readonly (FailedAttempt & { readonly dueIn: number })[];
  /** Ids that gave up: moved to the dead letters. */
  readonly dead: readonly (FailedAttempt & { readonly failure: Failure })[];
}

/** Whether an endpoint is sent to, and how it was doing: what must outlive a restart. */
export interface Condition {
  /** `paused` by a person; `disabled` by the endpoint itself or after days of failure. Until someone resumes it, all is parked. */
  readonly state: 'active' | 'paused' | 'disabled';
  /** Why it is not active, in a line for an operator; null if it is. */
  readonly reason: string | null;
  /** Milliseconds since it has failed without a success; null if it does not. */
  readonly failingFor: number | null;
  /** Milliseconds until its open breaker lets a probe through, 0 or less if it may; null if the breaker is closed. */
  readonly probeIn: number | null;
}

/** `failing`: how it does is news, and whether it is sent to is not, which somebody else may have decided meanwhile. */
export type Remembered = 'all' | 'failing';

export const WELL: Condition = { state: 'active', reason: null, failingFor: null, probeIn: null };

/**
 * Durable storage of parked and dead deliveries. `store/` implements it on the state schema.
 * Every promise resolves only once Postgres has committed.
 */
export interface ParkingStore {
  /** Stores a batch in one round trip. A delivery that is there already (same endpoint and id) stays as it is. */
  park(batch: readonly Parking[]): Promise<void>;
  /** Stores dead letters that were never parked. One that is there already stays as it is. */
  bury(batch: readonly Burial[]): Promise<void>;
  /** Stores matches of hooks with a schedule. One that was stored before, and what is older than the row's last, changes nothing. */
  hold(batch: readonly Held[]): Promise<void>;
  settle(settlement: Settlement): Promise<void>;
  /**
   * Parked deliveries of an endpoint in sequence: those of `lanes` (null: of every lane) that come after `after`
   * (null: from the first), at most `limit`, and no more once their bodies have come to `bytes`.
   */
  page(query: {
    readonly endpoint: string;
    readonly lanes: readonly number[] | null;
    readonly after: Sequence | null;
    readonly limit: number;
    readonly bytes: number;
  }): Promise<Stored[]>;
  /** The endpoint's parked lanes, or null if there are more than `limit`, or too many to tell. */
  lanes(endpoint: string, limit: number): Promise<ParkedLane[] | null>;
  /** The commit LSN of the endpoint's last parked delivery, or null if it has none. */
  lastParked(endpoint: string): Promise<Lsn | null>;
  /** What is remembered of the endpoint; WELL if nothing is. */
  condition(endpoint: string): Promise<Condition>;
  /**
   * Remembers it, by the database's clock.
   * @param what default: all of it
   */
  remember(endpoint: string, condition: Condition, what?: Remembered): Promise<void>;
}

/** A row that matches a hook with a schedule, and is sent when its time comes. */
export interface Held {
  readonly hook: string;
  readonly endpoint: string;
  /** A hash of its key. */
  readonly row: string;
  /** Its key: the text of each column. */
  readonly key: Readonly<Record<string, string>>;
  /** When it is sent, in Unix milliseconds. */
  readonly dueAt: number;
  /** Of the event that matched: its webhook-id and its place in the stream. */
  readonly id: string;
  readonly commitLsn: Lsn;
  readonly ordinal: number;
}

/** A held row, read back. */
export interface DueRow extends Omit<Held, 'id' | 'ordinal'> {
  /** Counts what was held: the order of what is sent. */
  readonly serial: number;
  /** The first run found it, and no change has made it match since. */
  readonly isBackfill: boolean;
}

/** What becomes of a held row: a delivery, a dead letter if `failure` says why, or nothing if there is no delivery. */
export interface Release {
  readonly row: DueRow;
  readonly delivery: Delivery | null;
  readonly failure: Failure | null;
}

/** The first run of a hook with `backfill: initial`. */
export interface Backfill {
  /** When its rows are sent, in Unix milliseconds. */
  readonly dueAt: number;
  /** Milliseconds until then. */
  readonly dueIn: number;
  /** The key of the last row that was looked at; null before the first. */
  readonly after: Held['key'] | null;
  readonly isDone: boolean;
}

/** Durable storage of held rows. Times are by the database's clock. */
export interface HeldStore {
  /** The hook's rows whose time has come at least `grace` milliseconds ago, the first held first. */
  due(hook: string, query: { readonly grace: number; readonly limit: number }): Promise<DueRow[]>;
  /** Milliseconds until the next row of these hooks is due, 0 or less if one is; null if there is none. */
  nextDueIn(hooks: readonly string[]): Promise<number | null>;
  /** Parks, buries or drops them, all at once. A row that has matched again meanwhile stays as it is. */
  release(batch: readonly Release[]): Promise<void>;
  /** Forgets rows that were sent and whose matches cannot come again. */
  prune(): Promise<void>;
  /** Begins the first run of a hook, due at `dueAt`, unless it has begun before; gives how far it is. */
  backfill(hook: string, dueAt: (now: number) => number): Promise<Backfill>;
  /** Holds rows of the first run and remembers how far it has come, at once. */
  advance(hook: string, page: { readonly rows: readonly Held[]; readonly after: Held['key'] | null; readonly isLast: boolean }): Promise<void>;
}

/** A delivery that wants to be the one of its row within the hook's cooldown. Times are commit times, in Unix milliseconds. */
export interface Claim {
  readonly hook: string;
  readonly endpoint: string;
  /** See `Delivery.row`. */
  readonly row: string;
  readonly id: string;
  readonly committedAt: number;
  /** Until when the row's other deliveries are left out. */
  readonly until: number;
}

/** Durable storage of claims. */
export interface ClaimStore {
  /**
   * For each claim whether it is granted: it was before, or no other delivery of its hook, endpoint and row has one whose time the two
   * would share. It stays granted for as long as the delivery is parked, and is freed by its death. Of a row there may be one in a
   * batch. Resolves once it is committed.
   */
  claim(batch: readonly Claim[]): Promise<readonly boolean[]>;
  /** Forgets claims that matter to nobody any more. */
  prune(): Promise<void>;
}

export function failureOf(outcome: Extract<Outcome, { kind: 'failed' }>): Failure {
  return { failure: outcome.failure, status: outcome.status, message: outcome.message, response: outcome.response };
}

/** Told of what becomes of a batch, by the places of its deliveries. */
export interface BatchWatch {
  /** One ended before it was sent. */
  ended(index: number, ending: Ending): void;
  /** These were made ready, and need requests of their own: they have not been sent. */
  left(indexes: readonly number[]): void;
  /** What the request came to that had these, in their order. */
  answered(indexes: readonly number[], outcome: Outcome): void;
  /** See Attempt. */
  rendered(index: number, made: Rendered): boolean;
  /** Each has ended, or was left. Called last. */
  over(): void;
}

/** One attempt at several deliveries, in one request. Never throws; the watch is told of each, never within the call. */
export type BatchAttempt = (batch: readonly Delivery[], watch: BatchWatch) => void;

/**
 * One attempt. Never throws: `done` is called exactly once, never within the call.
 *
 * @param rendered is told before a request goes out that is not what was handed in; from then on it stands for the delivery. False:
 *   nothing may be sent any more, the delivery stays what it is in the store, and `done` need not be called.
 */
export type Attempt = (delivery: Delivery, done: (ending: Ending) => void, rendered: (made: Rendered) => boolean) => void;
