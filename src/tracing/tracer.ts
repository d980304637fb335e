import { randomBytes } from 'node:crypto';
import type { Delivery } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import { PRODUCE } from '../record-path.ts';
import { deliveryTrace } from './delivery-trace.ts';
import type { SpanSink } from './span.ts';
import { formatTraceparent, type TraceContext } from './traceparent.ts';

export interface TracerOptions {
  readonly sink: SpanSink;
  /** Part of the changes without a traceparent that are traced. */
  readonly sample: number;
  /** Tells this database from others. */
  readonly seed: string;
}

type Attempt = (delivery: Delivery, done: (outcome: Outcome) => void) => void;

/** Where an endpoint is, for spans: its URL may hold secrets. */
export interface SpanTarget {
  readonly method: string;
  readonly url: URL;
}

/**
 * Traces deliveries: a span of each from its commit to its end, within it one of each attempt, whose `traceparent` the request
 * bears. What is not sampled costs a hash, and passes on the traceparent that it came with.
 */
export class Tracer {
  readonly #options: TracerOptions;

  constructor(options: TracerOptions) {
    this.#options = options;
  }

  /** An attempt that is traced. Of a batch, the request belongs to the trace of its first delivery. */
  attempt(target: SpanTarget, send: Attempt): Attempt {
    const { sink, seed, sample } = this.#options;
    const port = Number(target.url.port) || (target.url.protocol === 'https:' ? 443 : 80);
    return (delivery, done) => {
      const { context: whole } = deliveryTrace(delivery, seed, sample);
      if (!whole.sampled) return send(delivery, done);
      const context: TraceContext = { ...whole, spanId: randomBytes(8).toString('hex') };
      const begin = Date.now();
      send({ ...delivery, trace: formatTraceparent(context) }, (outcome) => {
        // First, so that nothing a span comes to can keep it from the queue.
        done(outcome);
        const method = delivery.request.method ?? target.method;
        sink.add({
          context,
          parent: whole.spanId,
          name: method,
          kind: 'client',
          begin,
          end: begin + Math.max(0, outcome.ms),
          error: outcome.kind === 'failed' ? outcome.failure : null,
          attributes: {
            ...(method === PRODUCE ? { 'messaging.system': 'kafka', 'messaging.operation.type': 'send' } : { 'http.request.method': method }),
            'server.address': target.url.hostname,
            'server.port': port,
            ...(outcome.status === null ? {} : { 'http.response.status_code': outcome.status }),
            ...(outcome.kind === 'failed' ? { 'error.type': outcome.status === null ? outcome.failure : String(outcome.status) } : {}),
            'walhook.endpoint': delivery.request.endpoint,
          },
        });
      });
    };
  }

  /** Sends the last spans. */
  close(): Promise<void> {
    return this.#options.sink.close();
  }

  /** A delivery arrived, or gave up. */
  ended(delivery: Delivery, outcome: Outcome, attempts: number): void {
    const { sink, seed, sample } = this.#options;
    const { context, parent } = deliveryTrace(delivery, seed, sample);
    if (!context.sampled) return;
    const { hook, endpoint } = delivery.request;
    sink.add({
      context,
      parent,
      name: `deliver ${delivery.table}`,
      kind: 'producer',
      begin: delivery.committedAt,
      end: Math.max(Date.now(), delivery.committedAt),
      error: outcome.kind === 'failed' ? outcome.failure : null,
      attributes: {
        'messaging.system': 'walhook',
        'messaging.operation.type': 'send',
        'messaging.message.id': delivery.id,
        'walhook.hook': hook,
        'walhook.endpoint': endpoint,
        'walhook.table': delivery.table,
        'walhook.operation': delivery.operation,
        'walhook.attempts': attempts,
      },
    });
  }
}
