import { Tracker } from '../../src/checkpoint/tracker.ts';
import type { EndpointConfig } from '../../src/config.ts';
import type { Delivery } from '../../src/delivery.ts';
import type { Ending, Outcome } from '../../src/outcome.ts';
import { joined } from '../../src/format/joined.ts';
import { START } from '../../src/position.ts';
import { batchAttempt } from '../../src/queue/batch-attempt.ts';
import { Budget } from '../../src/queue/budget.ts';
import type { CloseSignals } from '../../src/queue/closing.ts';
import { EndpointQueue } from '../../src/queue/endpoint-queue.ts';
import type { Attempt, Rendered } from '../../src/queue/port.ts';
import { Writer } from '../../src/queue/writer.ts';
import { deliveryOf, endpointAt } from '../deliver/endpoint.ts';
import { MemoryParkingStore } from '../support/memory-parking-store.ts';

export const OK: Outcome = { kind: 'delivered', status: 200, disable: false, ms: 1 };

export function failed(status: number, retryAfter: number | null = null): Extract<Outcome, { kind: 'failed' }> {
  return { kind: 'failed', failure: 'status', status, message: '', response: '', retryAfter, verdict: 'retry', ms: 1 };
}

/** Shorter names of notices. */
const NOTICES: Readonly<Record<string, string>> = { 'endpoint.failing': 'open', 'endpoint.recovered': 'closed', 'endpoint.disabled': 'disabled' };

export const DOWN = failed(500);

/** Closes once nothing is in flight; what is being sent is waited for. */
export function patient(spill: AbortSignal = new AbortController().signal): CloseSignals {
  return { spill, abandon: new AbortController().signal };
}

/** A queue whose receiver does what the test says. */
export class Rig {
  readonly store: MemoryParkingStore;
  readonly tracker = new Tracker(START);
  readonly budget: Budget;
  readonly writer: Writer;
  readonly queue: EndpointQueue;
  /** Ids of all attempts, in order, and those that were delivered. */
  readonly attempts: string[] = [];
  readonly delivered: string[] = [];
  readonly events: string[] = [];
  /** Attempts that wait for the test to answer. */
  readonly waiting = new Map<string, (ending: Ending) => void>();
  /** How the receiver answers; null: the test answers by hand. */
  answer: (delivery: Delivery, ids: readonly string[]) => Ending | null = () => OK;
  /** Requests, in batches too: the deliveries' ids, and when they went out. */
  readonly requests: { readonly ids: readonly string[]; readonly at: number }[] = [];
  /** What an attempt has made of a draft before it sent it. */
  rendered: (delivery: Delivery) => Rendered | undefined = () => undefined;
  most = 0;
  #running = 0;
  #ordinal = 0;
  /** The ids of what is in a request. */
  readonly #joined = new WeakMap<Delivery, readonly string[]>();

  constructor(endpoint: Partial<EndpointConfig> = {}, options: { readonly store?: MemoryParkingStore; readonly inFlight?: number; readonly memory?: number; readonly share?: number } = {}) {
    this.store = options.store ?? new MemoryParkingStore();
    this.budget = new Budget({ in_flight: options.inFlight ?? 1000, memory: options.memory ?? 1 << 30 }, () => undefined, () => undefined);
    this.writer = new Writer(this.store, { onError: () => undefined, onRecovered: () => undefined, onFenced: () => undefined });
    this.queue = new EndpointQueue({
      endpoint: endpointAt('http://127.0.0.1/', {
        retry: { initial: 1000, factor: 2, max: 60_000, jitter: 0, attempts: 4 },
        breaker: { failures: 3, open: 500 },
        responses: new Map(),
        disable_after: null,
        ...endpoint,
      }),
      attempt: {
        single: (...sending) => this.#attempt(...sending),
        batch: batchAttempt({
          bytes: endpoint.batch?.bytes ?? 0,
          prepare: (send) => this.#prepare(send),
          join: (deliveries) => {
            const one = joined(deliveries);
            this.#joined.set(one, deliveries.map(({ id }) => id));
            return one;
          },
          send: (one, done) => this.#attempt(one, (ending) => ending.kind !== 'skipped' && done(ending), () => true),
        }),
      },
      store: this.store,
      writer: this.writer,
      budget: this.budget,
      tickets: this.tracker,
      share: options.share ?? 1000,
      stored: 8 * 1024 * 1024,
      neighbours: true,
      events: {
        onOutcome: (delivery, _outcome, fate) => this.events.push(`${delivery.id} ${fate}`),
        onBuried: (delivery, { failure }) => this.events.push(`${delivery.id} buried: ${failure}`),
        onSkipped: (delivery) => this.events.push(`${delivery.id} skipped`),
        onNotice: ({ type }) => this.events.push(NOTICES[type] ?? type),
        onUnreadable: (_, error) => this.events.push(error === null ? 'readable' : `unreadable: ${error.message}`),
        onOverflow: () => this.events.push('overflow'),
        onGivenUp: () => undefined,
        onEnough: () => this.events.push('enough'),
        onMore: () => this.events.push('more'),
        onCaughtUp: () => this.events.push('caught up'),
      },
    });
  }

  offer(id: string, lane: number, changes: Partial<Delivery> = {}): void {
    this.queue.offer(this.delivery(id, lane, changes));
  }

  delivery(id: string, lane: number, changes: Partial<Delivery> = {}): Delivery {
    return { ...deliveryOf(id, '{}'), lane, sequence: { commitLsn: 10n, ordinal: ++this.#ordinal, nth: 0 }, ...changes };
  }

  /** Ids of what is stored, in sequence. */
  get parked(): string[] {
    return this.store.of('crm').map(({ delivery }) => delivery.id);
  }

  /** In a batch, each is made ready by itself. */
  #prepare(send: Attempt): Attempt {
    return (delivery, done, rendered) => {
      setTimeout(() => {
        const made = this.rendered(delivery);
        if (made === undefined) send(delivery, done, rendered);
        else if (rendered(made)) send({ ...delivery, ...made }, done, rendered);
      }, 1);
    };
  }

  #attempt(...[delivery, done, rendered]: Parameters<Attempt>): void {
    const ids = this.#joined.get(delivery) ?? [delivery.id];
    this.attempts.push(delivery.id);
    this.requests.push({ ids, at: performance.now() });
    this.#running++;
    this.most = Math.max(this.most, this.#running);
    const finish = (outcome: Ending): void => {
      this.#running--;
      this.waiting.delete(delivery.id);
      if (outcome.kind === 'delivered') this.delivered.push(...ids);
      done(outcome);
    };
    setTimeout(() => {
      const made = this.rendered(delivery);
      if (made !== undefined && !rendered(made)) return;
      const outcome = this.answer(delivery, ids);
      if (outcome === null) this.waiting.set(delivery.id, finish);
      else finish(outcome);
    }, 1);
  }
}
