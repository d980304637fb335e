import type { EndpointStatus, LastFailure } from './endpoint-status.ts';
import { WalhookError } from './errors.ts';
import type { QueueState } from './queue/queue-state.ts';
import { safeMessage } from './reaction.ts';

/** What is counted of an endpoint since the start, and what went wrong. */
export interface EndpointTally {
  delivered: number;
  skipped: number;
  failedAttempts: number;
  lastFailure: LastFailure | null;
  /** Some of what is parked for it cannot be read, now. */
  unreadable: LastFailure | null;
}

export function newTally(): EndpointTally {
  return { delivered: 0, skipped: 0, failedAttempts: 0, lastFailure: null, unreadable: null };
}

/** Why what is parked cannot be read. */
export function unreadableFailure(error: Error): LastFailure {
  const [message, hint] = error instanceof WalhookError ? [error.message, error.hint] : [safeMessage(error), null];
  return { failure: null, status: null, message: `what is parked cannot be read: ${message}`, hint, at: new Date() };
}

/** What is wrong now goes before what was wrong last. */
export function failureOfTally({ lastFailure, unreadable }: EndpointTally): LastFailure | null {
  return unreadable ?? lastFailure;
}

export function endpointStatus(name: string, { queued, mode, slowed, condition }: QueueState, tally: EndpointTally): EndpointStatus {
  const { state, reason, probeIn, failingFor } = condition;
  return {
    name,
    queued,
    mode,
    condition: state,
    reason,
    breaker: probeIn === null ? 'closed' : 'open',
    probe_in: probeIn,
    failing_for: failingFor,
    slowed,
    delivered: tally.delivered,
    skipped: tally.skipped,
    failed_attempts: tally.failedAttempts,
    last_error: failureOfTally(tally)?.message ?? null,
  };
}
