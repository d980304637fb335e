import type { Sequence } from './delivery.ts';
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
