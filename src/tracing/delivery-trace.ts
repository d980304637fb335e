import { hash } from 'node:crypto';
import type { Delivery } from '../delivery.ts';
import { parseTraceparent, type TraceContext } from './traceparent.ts';

/** A delivery's place in its trace. */
export interface DeliveryTrace {
  /** The delivery's own span. */
  readonly context: TraceContext;
  /** The span that wrote the row; null where no traceparent came with it. */
  readonly parent: string | null;
}

/**
 * The trace that a delivery belongs to: what its change came with, or one that is made of what the change is, so that it is the
 * same whenever the delivery is tried again, also after a restart, and for each hook and endpoint.
 *
 * @param seed tells this database from others
 * @param sample part of the traces of its own that are recorded, 0 to 1
 */
export function deliveryTrace({ id, table, trace, request: { endpoint } }: Pick<Delivery, 'id' | 'table' | 'trace' | 'request'>, seed: string, sample: number): DeliveryTrace {
  const spanId = notZero(hash('sha256', `${seed} ${id} ${endpoint}`).slice(0, 16));
  const given = trace === undefined ? null : parseTraceparent(trace);
  if (given !== null) return { context: { traceId: given.traceId, spanId, sampled: given.sampled }, parent: given.spanId };
  const traceId = notZero(hash('sha256', `${seed} ${table} ${changeOf(id)}`).slice(0, 32));
  return { context: { traceId, spanId, sampled: isSampled(traceId, sample) }, parent: null };
}

/** The part of a webhook-id that says which change, row and time it is of: behind it are the operation and the hook. */
function changeOf(id: string): string {
  return id.split('-').slice(0, -2).join('-');
}

/** By the trace id's last 56 bits, as OpenTelemetry's consistent sampling has it: https://opentelemetry.io/docs/specs/otel/trace/tracestate-probability-sampling/ */
function isSampled(traceId: string, sample: number): boolean {
  return Number.parseInt(traceId.slice(-14), 16) >= (1 - sample) * 2 ** 56;
}

/** Ids of zeros alone are none. */
function notZero(id: string): string {
  return /^0+$/.test(id) ? id.replace(/.$/, '1') : id;
}
