import type { EndpointReport } from '../../src/inspection.ts';

/** What is told of an endpoint that is well and has nothing to do, but for what is given. */
export function endpointReport(name: string, changes: Partial<EndpointReport> = {}): EndpointReport {
  return {
    name,
    url: `https://${name}.example/`,
    method: 'POST',
    condition: 'active',
    reason: null,
    condition_since: null,
    breaker: 'closed',
    probe_in: null,
    failing_for: null,
    mode: 'direct',
    slowed: false,
    in_use: 0,
    concurrency: 16,
    rate: null,
    queued: 0,
    parked: 0,
    dead: 0,
    oldest_parked: null,
    delivered: 0,
    failed_attempts: 0,
    last_error: null,
    signing: 'hmac',
    rotation: null,
    hooks: [],
    traffic: null,
    ...changes,
  };
}
