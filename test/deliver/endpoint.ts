import type { EndpointConfig } from '../../src/config.ts';
import { type Delivery, NO_HEADERS } from '../../src/delivery.ts';
import type { Sender } from '../../src/deliver/sender.ts';
import type { Outcome } from '../../src/outcome.ts';

/** An endpoint as the config would give it, loopback allowed. */
export function endpointAt(url: string, changes: Partial<EndpointConfig> = {}): EndpointConfig {
  return {
    name: 'crm',
    url: new URL(url),
    kafka: null,
    method: 'POST',
    headers: new Map(),
    signing: null,
    timeout: 5000,
    concurrency: 4,
    rate: null,
    batch: null,
    retry: { initial: 5000, factor: 3, max: 3_600_000, jitter: 0.2, attempts: 12 },
    breaker: { failures: 10, open: 30_000 },
    responses: new Map(),
    disable_after: null,
    network: { allow: ['127.0.0.0/8', '::1'] },
    tls: { ca: null, cert: null, key: null },
    oauth2: null,
    ...changes,
  };
}

export function deliveryOf(id: string, body: string, request: Partial<Delivery['request']> = {}): Delivery {
  return {
    id,
    request: { hook: 'crm-profiles', endpoint: 'crm', method: 'POST', path: '/hooks?a=1', contentType: 'application/json', headers: NO_HEADERS, ...request },
    lane: 1,
    sequence: { commitLsn: 1n, ordinal: 1, nth: 0 },
    operation: 'insert',
    table: 'public.profiles',
    body,
    bytes: body.length,
    committedAt: 0,
  };
}

/** One attempt; fails if `done` is called within the call, and never resolves twice. */
export function attempt(sender: Sender, delivery: Delivery = deliveryOf('evt_1', '{"a":1}')): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let within = true;
    let calls = 0;
    sender.attempt(delivery, (outcome) => {
      calls++;
      if (within) reject(new Error('done was called within attempt'));
      else if (calls > 1) reject(new Error('done was called twice'));
      else resolve(outcome);
    });
    within = false;
  });
}
