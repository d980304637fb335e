import type { FailureClass } from './outcome.ts';

/** What is told of an endpoint besides its status. */
export interface EndpointDetail {
  /** Requests under way. */
  readonly inUse: number;
  /** Lanes that wait behind something stored. */
  readonly blocked: number;
  /** The last attempt that failed; null if none did since the start. */
  readonly lastFailure: LastFailure | null;
}

export interface LastFailure {
  readonly failure: FailureClass;
  readonly status: number | null;
  readonly message: string;
  readonly at: Date;
}
