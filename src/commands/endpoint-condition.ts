import type { EndpointStatus } from '../endpoint-status.ts';
import type { EndpointCondition } from '../store/endpoint-conditions.ts';

/** Whether an endpoint is sent to, as `walhook status` tells it. Times are ISO 8601. */
export interface ConditionLine {
  /** Null: neither the daemon nor the state database could tell. */
  readonly condition: EndpointStatus['condition'] | null;
  /** Why it is not active. */
  readonly reason: string | null;
  /** Since when there has been no success; null if it does not fail. */
  readonly failing_since: string | null;
  /** When its open breaker lets a probe through; null if the breaker is closed. */
  readonly probe_at: string | null;
  /** It said that it gets too much, and gets less. */
  readonly slowed: boolean;
}

/** As the daemon has it, else as it was stored last. @param stored `well`: nothing is stored; null: it could not be read. */
export function endpointCondition(live: EndpointStatus | null, stored: EndpointCondition | 'well' | null, now: number): ConditionLine {
  if (live !== null) {
    const { condition, reason, failing_for, probe_in, slowed } = live;
    return { condition, reason, failing_since: failing_for === null ? null : iso(now - failing_for), probe_at: probe_in === null ? null : iso(now + probe_in), slowed };
  }
  if (stored === null) return { condition: null, ...WELL };
  if (stored === 'well') return { condition: 'active', ...WELL };
  const { state, reason, failingSince, probeAt } = stored;
  return { condition: state, reason, failing_since: failingSince?.toISOString() ?? null, probe_at: probeAt?.toISOString() ?? null, slowed: false };
}

const WELL = { reason: null, failing_since: null, probe_at: null, slowed: false };

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
