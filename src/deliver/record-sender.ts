import type { EndpointConfig, KafkaEndpointConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import { PRODUCE, recordTarget } from '../record-path.ts';
import { classify } from './classify.ts';
import { allowedRanges } from './connector.ts';
import { guardedAddresses, guardedLookup, type Resolve, resolveBySystem } from './guard.ts';
import { configuredHeaders } from './headers.ts';
import type { BrokerGuard, RecordProducer, RecordResult, TopicRecord } from './port.ts';
import { recordRefusal, refused } from './refusal.ts';
import type { Sign } from './sender.ts';
import { tlsContext } from './tls-context.ts';

export interface RecordSenderOptions {
  /** null: records are not signed. */
  readonly sign: Sign | null;
  /** Connects through the guard alone. Called when there is something to send, and again after a timeout. */
  readonly connect: (guard: BrokerGuard) => Promise<RecordProducer>;
  /** Default: the operating system's resolver. */
  readonly resolve?: Resolve;
  /** Sees each record as it goes out. False: it shall not, and its attempt fails. Default: nobody looks on. */
  readonly tap?: (record: SentRecord) => boolean;
}

/** A record as the request that it was made from. */
export interface SentRecord {
  readonly method: typeof PRODUCE;
  /** As recordPath makes it. */
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** Bytes that go in one produce: below what topics take by default, so that what is too large is one record, and not many together. */
const MOST_BYTES = 768 * 1024;

interface Waiting {
  readonly delivery: Delivery;
  readonly record: TopicRecord;
  readonly startedAt: number;
  readonly done: (outcome: Outcome) => void;
}

/**
 * Makes attempts at one Kafka endpoint: each is a record. What is there at the same time goes in one produce, and one produce is under way at
 * a time; each attempt has its own outcome. It ends no later than a timeout after its produce began, and what then still waits ends with it.
 */
export class RecordSender {
  readonly #endpoint: EndpointConfig;
  readonly #options: RecordSenderOptions;
  readonly #guard: BrokerGuard;
  readonly #headers: ReadonlyMap<string, string>;
  #waiting: Waiting[] = [];
  #producing: readonly Waiting[] = [];
  #producer: Promise<RecordProducer> | null = null;
  #scheduled: NodeJS.Immediate | null = null;
  #isClosed = false;

  /** Throws a WalhookError for a certificate file, range or header that cannot be used. */
  constructor(endpoint: EndpointConfig, kafka: KafkaEndpointConfig, options: RecordSenderOptions) {
    const guard = { endpoint: endpoint.name, allow: allowedRanges(endpoint), resolve: options.resolve ?? resolveBySystem };
    this.#endpoint = endpoint;
    this.#options = options;
    this.#headers = configuredHeaders(endpoint);
    this.#guard = {
      addresses: guardedAddresses(guard),
      lookup: guardedLookup(guard),
      tls: kafka.tls === null ? null : tlsContext({ name: endpoint.name, tls: kafka.tls }),
    };
  }

  /** One record. Never throws: `done` is called exactly once, never within the call. */
  readonly attempt = (delivery: Delivery, done: (outcome: Outcome) => void): void => {
    const refusal = recordRefusal(delivery.request);
    const startedAt = performance.now();
    if (refusal !== null) queueMicrotask(() => done(refused(refusal)));
    else if (this.#isClosed) queueMicrotask(() => done(this.#gaveUp(startedAt)));
    else {
      const record = this.#record(delivery);
      if (this.#options.tap?.(seen(record, delivery.request.path ?? '')) === false) queueMicrotask(() => done(this.#gaveUp(startedAt)));
      else this.#waiting.push({ delivery, record, done, startedAt });
      this.#schedule();
    }
  };

  /** Gives up what is in flight at once: each attempt ends as failed. Attempts made afterwards fail. */
  async abort(): Promise<void> {
    this.#isClosed = true;
    if (this.#scheduled !== null) clearImmediate(this.#scheduled);
    const producer = this.#producer;
    const open = [...this.#producing, ...this.#waiting];
    this.#producing = [];
    this.#waiting = [];
    this.#drop();
    for (const { done, startedAt } of open) done(this.#gaveUp(startedAt));
    await producer?.catch(() => undefined);
  }

  /** With what else is attempted before the event loop turns. */
  #schedule(): void {
    if (this.#producing.length > 0 || this.#waiting.length === 0 || this.#isClosed) return;
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = null;
      void this.#produce();
    });
  }

  async #produce(): Promise<void> {
    const batch = this.#take();
    this.#producing = batch;
    const timer = setTimeout(() => this.#expire(), this.#endpoint.timeout);
    const results = await this.#results(batch.map(({ record }) => record));
    clearTimeout(timer);
    // Nothing of it is open any more: it has expired, or was given up.
    if (this.#producing !== batch) return;
    this.#producing = [];
    for (const [index, waiting] of batch.entries()) waiting.done(this.#outcome(results[index], waiting));
    this.#schedule();
  }

  async #results(records: readonly TopicRecord[]): Promise<readonly RecordResult[]> {
    try {
      this.#producer ??= this.#options.connect(this.#guard);
      return await (await this.#producer).produce(records);
    } catch (error) {
      this.#producer = null;
      return records.map(() => ({ kind: 'unanswered', error }));
    }
  }

  /** As many as go in one produce, at least one. */
  #take(): readonly Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { delivery } of this.#waiting) {
      bytes += delivery.bytes;
      if (count > 0 && bytes > MOST_BYTES) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** What goes on behind is left to itself: it may still be written, and then comes twice. */
  #expire(): void {
    const open = [...this.#producing, ...this.#waiting];
    this.#producing = [];
    this.#waiting = [];
    this.#drop();
    const { url, timeout } = this.#endpoint;
    const message = `no answer from the brokers of ${url.host} within ${timeout / 1000}s`;
    for (const { done, startedAt } of open) done(failed({ failure: 'timeout', verdict: 'retry', message }, startedAt));
  }

  #drop(): void {
    void this.#producer?.then((producer) => producer.close()).catch(() => undefined);
    this.#producer = null;
  }

  #record({ id, lane, body, trace, request }: Delivery): TopicRecord {
    const { topic = '', key = null } = recordTarget(request.path) ?? {};
    const timestamp = Math.floor(Date.now() / 1000);
    const headers = new Map<string, string>(this.#headers);
    for (const [name, value] of request.headers) headers.set(name, value);
    if (!headers.has('content-type') && request.contentType !== null) headers.set('content-type', request.contentType);
    headers.set('webhook-id', id).set('webhook-timestamp', String(timestamp));
    if (this.#options.sign !== null) headers.set('webhook-signature', this.#options.sign(id, timestamp, body));
    if (trace !== undefined && !headers.has('traceparent')) headers.set('traceparent', trace);
    return { topic, key: key ?? String(lane), value: body, headers: [...headers] };
  }

  #outcome(result: RecordResult | undefined, { record, startedAt }: Waiting): Outcome {
    if (result === undefined) return this.#gaveUp(startedAt);
    switch (result.kind) {
      case 'written': {
        const place = `${record.topic}/${result.partition}${result.offset === null ? '' : `@${result.offset}`}`;
        return { kind: 'delivered', status: null, disable: false, place, ms: performance.now() - startedAt };
      }
      case 'refused':
        return failed(result, startedAt);
      case 'unanswered':
        return failed({ ...classify(result.error, this.#endpoint.url.host), verdict: 'retry' }, startedAt);
    }
  }

  #gaveUp(startedAt: number): Outcome {
    return failed({ failure: 'network', verdict: 'retry', message: `given up: record for ${this.#endpoint.url.host}` }, startedAt);
  }
}

function seen({ value, headers }: TopicRecord, path: string): SentRecord {
  return { method: PRODUCE, path, headers, body: value };
}

function failed({ failure, verdict, message }: Pick<Extract<Outcome, { kind: 'failed' }>, 'failure' | 'verdict' | 'message'>, startedAt: number): Outcome {
  return { kind: 'failed', failure, status: null, message, response: '', retryAfter: null, verdict, ms: performance.now() - startedAt };
}
