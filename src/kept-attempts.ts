import type { Sequence } from './delivery.ts';
import { EXIT, WalhookError } from './errors.ts';
import type { FailureClass } from './outcome.ts';
import type { AttemptReport } from './traffic.ts';

/** An attempt that is kept for a while, with what was sent. */
export interface KeptAttempt {
  /** webhook-id. */
  readonly id: string;
  readonly endpoint: string;
  readonly hook: string;
  /** `schema.table`. */
  readonly table: string;
  readonly operation: string;
  readonly lane: number;
  readonly sequence: Sequence;
  /** When it was committed, and when the attempt ended, in Unix milliseconds. */
  readonly committedAt: number;
  readonly at: number;
  /** How long it took. */
  readonly ms: number;
  /** 1 for the first. */
  readonly attempt: number;
  readonly result: AttemptReport['result'];
  readonly failure: FailureClass | null;
  readonly status: number | null;
  readonly message: string | null;
  readonly response: string | null;
  /** See RequestShape. */
  readonly method: string | null;
  readonly path: string | null;
  readonly contentType: string | null;
  /** JSON text; null for none. */
  readonly headers: string | null;
  /** UTF-8; null if it was too large to be kept. */
  readonly body: Buffer | null;
  /** Of the body. */
  readonly bytes: number;
}

/** Where attempts are kept beyond the process. Not part of what is promised: what it does not take is lost. */
export interface AttemptStore {
  /** Resolves once they are committed. Those that are there already stay as they are. */
  save(batch: readonly KeptAttempt[]): Promise<void>;
  /** Attempts at a delivery, the first first. */
  attempts(id: string): Promise<readonly AttemptReport[]>;
  /** Makes room for what is to come, and drops what ended longer ago than `keep` milliseconds, by days. Gives how many days were dropped. */
  tend(keep: number): Promise<number>;
}

export function attemptReport({ endpoint, attempt, at, ms, result, failure, status, message, response }: KeptAttempt): AttemptReport {
  return { endpoint, attempt, at: new Date(at).toISOString(), duration_ms: Math.round(ms * 1000) / 1000, result, failure, status, message, response };
}

/** Deliveries of a hook that share a lane. */
export interface HookLane {
  readonly hook: string;
  readonly lane: number;
}

/** Which of the deliveries that arrived are meant: all for which everything that is given holds. */
export interface DeliveredFilter {
  readonly endpoint?: string;
  readonly hook?: string;
  /** `schema.table`. */
  readonly table?: string;
  /** webhook-ids. One that is not there is passed over; an empty list means none. */
  readonly ids?: readonly string[];
  /** In one of these lanes. */
  readonly lanes?: readonly HookLane[];
  /** Delivered at or after, or before, a moment. */
  readonly since?: Date;
  readonly before?: Date;
}

/** Deliveries that arrived, as far as they are kept. */
export interface Delivered {
  /** The latest first, without bodies. Throws a WalhookError `bad_cursor` for a cursor that no list has given. */
  list(query: { readonly filter: DeliveredFilter; readonly limit: number; readonly cursor: string | null }): Promise<{ readonly deliveries: readonly KeptAttempt[]; readonly next: string | null }>;
  /** By endpoint. */
  count(filter: DeliveredFilter): Promise<ReadonlyMap<string, number>>;
  show(id: string): Promise<readonly KeptAttempt[]>;
  /** Of those whose bodies are kept whole, by endpoint. */
  replayable(filter: DeliveredFilter): Promise<ReadonlyMap<string, number>>;
  /** Parks these again, with their id and body, due now; one that is parked already stays as it is. Gives how many it was, by endpoint. In parts, each durable by itself: `onChunk` is told after each how many it were so far, and none is begun once `signal` is aborted. */
  replay(filter: DeliveredFilter, onChunk?: (done: number) => void, signal?: AbortSignal): Promise<ReadonlyMap<string, number>>;
}

/** The cursor behind a place of a list. */
export function deliveredCursor(place: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(['delivered', ...place])).toString('base64url');
}

/** What `deliveredCursor` was given. Throws a WalhookError `bad_cursor`. */
export function parseDeliveredCursor(cursor: string, length: number): readonly unknown[] {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(parts) && parts[0] === 'delivered' && parts.length === length + 1) return (parts as unknown[]).slice(1);
  } catch {
    // Not JSON: as wrong as any other.
  }
  throw new WalhookError('this is no cursor of a list of delivered deliveries', { code: 'bad_cursor', exit: EXIT.usage });
}
