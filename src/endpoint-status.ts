import type { FailureClass } from './outcome.ts';

/** How an endpoint is doing. Names are those of `/api/v1/status`. */
export interface EndpointStatus {
  readonly name: string;
  /** Deliveries in memory. */
  readonly queued: number;
  /** `direct`: sent as they come; `storing`: all go through the store; `holding`: about to be direct again. */
  readonly mode: 'direct' | 'storing' | 'holding';
  /** `paused` by a person, `disabled` by the endpoint or after days of failure: all is parked until it is resumed. */
  readonly condition: 'active' | 'paused' | 'disabled';
  /** Why it is not active. */
  readonly reason: string | null;
  readonly breaker: 'open' | 'closed';
  /** Milliseconds until an open breaker lets a probe through. */
  readonly probe_in: number | null;
  /** Milliseconds since it has failed without a success. */
  readonly failing_for: number | null;
  /** It said that it gets too much, and gets less. */
  readonly slowed: boolean;
  readonly delivered: number;
  /** Not sent, because their rows had a delivery within the hook's cooldown. */
  readonly skipped: number;
  readonly failed_attempts: number;
  readonly last_error: string | null;
}

/** What is told of an endpoint besides its status. */
export interface EndpointDetail {
  /** Requests under way. */
  readonly inUse: number;
  /** Lanes that wait behind something stored. */
  readonly blocked: number;
  /** Why what is parked cannot be read now, else the last attempt that failed; null if none did since the start. */
  readonly lastFailure: LastFailure | null;
}

export interface LastFailure {
  /** Null: it was no attempt; what is parked cannot be read. */
  readonly failure: FailureClass | null;
  readonly status: number | null;
  readonly message: string;
  /** What helps. Default: what helps against its kind of failure. */
  readonly hint?: string | null;
  readonly at: Date;
}
