import * as z from 'zod';
import type { AttemptReport, ChangeList, ChangeReport, EndpointRates, HookRates, LiveAttempt } from '../traffic.ts';
import { Count, Milliseconds, mirror, When } from './openapi-mirror.ts';

export const Failure = z.enum(['dns', 'refused', 'reset', 'tls', 'timeout', 'blocked_address', 'too_large', 'status', 'network', 'request', 'enrich', 'cooldown', 'expression', 'rejected', 'broker']);

const ATTEMPT = {
  endpoint: z.string(),
  attempt: Count,
  at: When,
  duration_ms: Milliseconds,
  result: z.enum(['delivered', 'parked', 'dead']),
  failure: Failure.nullable(),
  status: z.int().nullable(),
  message: z.string().nullable(),
  response: z.string().nullable(),
};

export const Attempt = mirror<AttemptReport>()('Attempt', ATTEMPT);
export const AttemptAsItHappens = mirror<LiveAttempt>()('LiveAttempt', {
  ...ATTEMPT,
  id: z.string(),
  hook: z.string(),
  table: z.string(),
  operation: z.string(),
  committed_at: When,
});

export const Change = mirror<ChangeReport>()('Change', {
  place: z.string(),
  at: When,
  commit_lsn: z.string(),
  xid: z.number(),
  table: z.string(),
  operation: z.enum(['insert', 'update', 'delete', 'truncate']),
  key: z.record(z.string(), z.string().nullable()).nullable(),
  changed: z.array(z.string()).nullable(),
  deliveries: z.array(z.strictObject({ id: z.string(), hook: z.string(), endpoint: z.string() })),
});

export const Changes = mirror<ChangeList>()('Changes', { changes: z.array(Change), kept: Count, passed_over: Count });

export const RatesOfEndpoint = mirror<EndpointRates>()('EndpointRates', {
  name: z.string(),
  per_minute: z.number(),
  p50_ms: Milliseconds.nullable(),
  p95_ms: Milliseconds.nullable(),
  behind_p95_ms: Milliseconds.nullable(),
  minutes: z.array(z.strictObject({ delivered: Count, failed: Count })),
  attempts: z.strictObject({ delivered: Count, failed: Count }),
});

export const RatesOfHook = mirror<HookRates>()('HookRates', { name: z.string(), events: Count, matched: Count, deliveries: Count, delivered: Count, dead: Count });
