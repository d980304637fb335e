import type { Headers } from '../delivery.ts';
import type { DeliveryFilter, StoredFate } from './delivery-filter.ts';

/** A stored delivery as a list shows it: without its body. */
export interface DeliverySummary {
  readonly fate: StoredFate;
  /** webhook-id. One event may be stored for several endpoints under the same id. */
  readonly id: string;
  readonly endpoint: string;
  readonly hook: string;
  readonly operation: string;
  /** `schema.table`. */
  readonly table: string;
  /** The body's length in bytes. */
  readonly bytes: number;
  readonly attempts: number;
  /** Why the last attempt failed; null if none has been made. */
  readonly failure: string | null;
  readonly status: number | null;
  readonly message: string | null;
  readonly committedAt: Date;
  /** Null for a dead letter that was never parked. */
  readonly parkedAt: Date | null;
  /** When it is tried next at the earliest: the head of its lane, and the endpoint's condition, may make it later. Null if dead. */
  readonly dueAt: Date | null;
  /** Null if parked. */
  readonly diedAt: Date | null;
}

/** All that is stored of a delivery. */
export interface DeliveryDetail extends DeliverySummary {
  /** Null: the endpoint's own, when it is sent. */
  readonly method: string | null;
  readonly path: string | null;
  /** Null: the body is pairs for the URL's query. */
  readonly contentType: string | null;
  /** The hook's own. */
  readonly headers: Headers;
  readonly body: string;
  /** The start of the last response's body, redacted; null if no attempt has been made. */
  readonly response: string | null;
  /** The commit's LSN as text, the change's place in its transaction, the delivery's among those of the change. */
  readonly commitLsn: string;
  readonly ordinal: number;
  readonly nth: number;
}

export interface ListQuery {
  readonly filter: DeliveryFilter;
  /** At most so many, 1 to 1,000. */
  readonly limit: number;
  /** `next` of the page before this one; null for the first page. */
  readonly cursor: string | null;
}

export interface DeliveryList {
  readonly deliveries: readonly DeliverySummary[];
  /** For the next page; null if there is none. Rows that come or go meanwhile make no row appear twice. */
  readonly next: string | null;
}

/** How many deliveries, by endpoint; endpoints without any are left out. */
export type CountByEndpoint = ReadonlyMap<string, number>;
