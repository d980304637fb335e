import { storedCounts, type StoredEndpoints } from '../commands/daemon-report.ts';
import { maskUrl } from '../config/mask.ts';
import type { Config, EndpointConfig } from '../config.ts';
import type { EndpointDetail, EndpointStatus } from '../endpoint-status.ts';
import type { EndpointReport } from '../inspection.ts';
import type { RotationState } from '../rotating.ts';
import type { EndpointRates } from '../traffic.ts';
import { failureHint } from './failure-hint.ts';
import { shownRotation } from './shown-rotation.ts';

export interface EndpointFacts {
  readonly endpoint: EndpointConfig;
  readonly hooks: Config['hooks'];
  /** Null: no daemon sends to it here. */
  readonly status: EndpointStatus | null;
  readonly detail: EndpointDetail | null;
  /** Null: the state database could not tell. */
  readonly stored: StoredEndpoints | null;
  readonly rotation: RotationState | null;
  readonly traffic: EndpointRates | null;
}

export function endpointReport({ endpoint, hooks, status, detail, stored, rotation, traffic }: EndpointFacts): EndpointReport {
  const { name, url, method, concurrency, rate } = endpoint;
  const known = stored?.get(name)?.condition ?? null;
  return {
    name,
    url: maskUrl(url),
    method,
    condition: status?.condition ?? known?.state ?? 'active',
    reason: status === null ? (known?.reason ?? null) : status.reason,
    breaker: status?.breaker ?? (known === null || known.probeAt === null ? 'closed' : 'open'),
    probe_in: status === null || status.probe_in === null ? null : Math.max(0, Math.round(status.probe_in)),
    failing_for: status === null || status.failing_for === null ? null : Math.round(status.failing_for),
    mode: status?.mode ?? 'direct',
    slowed: status?.slowed ?? false,
    in_use: detail?.inUse ?? 0,
    concurrency,
    rate,
    queued: status?.queued ?? 0,
    ...storedCounts(stored, name),
    delivered: status?.delivered ?? 0,
    failed_attempts: status?.failed_attempts ?? 0,
    last_error: lastError(endpoint, status, detail),
    signing: signingOf(endpoint),
    rotation: rotation === null ? null : shownRotation(name, rotation),
    hooks: hooks.filter(({ to }) => to.includes(name)).map((hook) => hook.name),
    traffic,
  };
}

function lastError(endpoint: EndpointConfig, status: EndpointStatus | null, detail: EndpointDetail | null): EndpointReport['last_error'] {
  const last = detail?.lastFailure ?? null;
  if (last === null) return status === null || status.last_error === null ? null : { message: status.last_error, failure: null, at: null, hint: null };
  const { name, url, timeout, kafka } = endpoint;
  return { message: last.message, failure: last.failure, at: last.at.toISOString(), hint: last.failure === null ? (last.hint ?? null) : failureHint({ ...last, failure: last.failure }, { name, host: url.host, timeout, isKafka: kafka !== null }) };
}

function signingOf({ signing }: EndpointConfig): EndpointReport['signing'] {
  const kinds = new Set((signing?.secrets ?? []).map((secret) => (secret.startsWith('whsk_') ? 'ed25519' : 'hmac')));
  return kinds.size === 2 ? 'both' : kinds.has('ed25519') ? 'ed25519' : kinds.has('hmac') ? 'hmac' : 'none';
}
