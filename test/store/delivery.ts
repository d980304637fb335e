import { type Delivery, NO_HEADERS } from '../../src/delivery.ts';
import type { KeptAttempt } from '../../src/kept-attempts.ts';
import type { Failure, Parking } from '../../src/queue/port.ts';

export const DOWN: Failure = { failure: 'status', status: 503, message: 'HTTP 503', response: 'down' };

export interface Shape {
  readonly endpoint?: string;
  readonly hook?: string;
  readonly table?: string;
  readonly lane?: number;
  readonly nth?: number;
  readonly body?: string;
  /** What the request has of its own. */
  readonly request?: Partial<Delivery['request']>;
}

/** The delivery at a place in the stream: each place is a transaction of its own. */
export function delivery(place: number, shape: Shape = {}): Delivery {
  const { endpoint = 'crm', hook = 'h', table = 'public.profiles', lane = 1, nth = 0, body = `{"n":${place}}`, request } = shape;
  return {
    id: `id-${place}-${nth}`,
    request: { hook, endpoint, method: 'POST', path: '/hooks?x=1', contentType: 'application/json', headers: NO_HEADERS, ...request },
    lane,
    sequence: { commitLsn: BigInt(place) << 30n, ordinal: place, nth },
    operation: 'data_update',
    table,
    body,
    bytes: 1_000,
    committedAt: 1_780_000_000_123,
  };
}

export function parking(of: Delivery, more: Partial<Parking> = {}): Parking {
  return { delivery: of, attempts: 0, failure: null, dueIn: 0, ...more };
}

/** An attempt that delivered it a moment ago: those of later places later. */
export function arrived(place: number, { body = `{"n":${place}}`, endpoint = 'crm', ...more }: Partial<Omit<KeptAttempt, 'body'>> & { readonly body?: string | null } = {}): KeptAttempt {
  const { id, request, lane, sequence, operation, table, committedAt } = delivery(place, { endpoint });
  return {
    id,
    endpoint,
    hook: request.hook,
    table,
    operation,
    lane,
    sequence,
    committedAt,
    at: Date.now() - 10_000 + place,
    ms: 12.5,
    attempt: 1,
    result: 'delivered',
    failure: null,
    status: 204,
    message: null,
    response: null,
    method: request.method,
    path: request.path,
    contentType: request.contentType,
    headers: null,
    body: body === null ? null : Buffer.from(body),
    bytes: body === null ? 100_000 : Buffer.byteLength(body),
    ...more,
  };
}
