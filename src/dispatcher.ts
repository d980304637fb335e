import type { Logger } from 'pino';
import type { Config, EndpointConfig } from './config.ts';
import { Sender } from './deliver/sender.ts';
import type { Delivery } from './delivery.ts';
import { Signer } from './format/signature.ts';
import type { Lsn } from './lsn.ts';
import type { Outcome } from './outcome.ts';
import { Budget } from './queue/budget.ts';
import { EndpointQueue } from './queue/endpoint-queue.ts';
import type { Tickets } from './queue/in-flight.ts';
import type { Failure, ParkingStore } from './queue/port.ts';
import { Writer } from './queue/writer.ts';

/** How often a full budget is looked at, in milliseconds, to park what a slow endpoint keeps in memory. */
const RELIEF_INTERVAL = 100;

/** What became of an attempt's delivery. */
export type Fate = 'delivered' | 'parked' | 'dead';

export interface DispatcherOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly userAgent: string;
  readonly store: ParkingStore;
  readonly tickets: Tickets;
  /** Memory is full: nothing more should be read. */
  readonly onFull: () => void;
  readonly onRelief: () => void;
  readonly onOutcome: (delivery: Delivery, outcome: Outcome, fate: Fate) => void;
}

export interface EndpointStatus {
  readonly name: string;
  /** Deliveries in memory. */
  readonly queued: number;
  /** `direct`: sent as they come; `storing`: all go through the store; `holding`: about to be direct again. */
  readonly mode: 'direct' | 'storing' | 'holding';
  readonly breaker: 'open' | 'closed';
  readonly delivered: number;
  readonly failed_attempts: number;
  readonly last_error: string | null;
}

interface Endpoint {
  readonly queue: EndpointQueue;
  readonly sender: Sender;
  delivered: number;
  failedAttempts: number;
  lastError: string | null;
}

/** All endpoints: for each a queue and a sender, and one budget and one writer for them all. */
export class Dispatcher {
  readonly queues: ReadonlyMap<string, EndpointQueue>;
  readonly budget: Budget;
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #writer: Writer;
  readonly #options: DispatcherOptions;
  #relief: NodeJS.Timeout | null = null;
  #storeError: string | null = null;

  constructor(options: DispatcherOptions) {
    const { config, store } = options;
    this.#options = options;
    this.#writer = new Writer(store, {
      onError: (error) => this.#storeFailed(error),
      onRecovered: () => this.#storeRecovered(),
    });
    this.budget = new Budget(
      config.limits,
      () => this.#full(),
      () => this.#relieved(),
    );
    for (const endpoint of config.endpoints) this.#endpoints.set(endpoint.name, this.#open(endpoint));
    this.queues = new Map([...this.#endpoints].map(([name, { queue }]) => [name, queue]));
  }

  /** Why deliveries are not as they should be, a sentence each. */
  get problems(): string[] {
    return this.#storeError === null ? [] : [`the state database fails: ${this.#storeError}`];
  }

  get status(): EndpointStatus[] {
    return [...this.#endpoints].map(([name, { queue, delivered, failedAttempts, lastError }]) => {
      const { queued, mode, breaker } = queue.state;
      return { name, queued, mode, breaker, delivered, failed_attempts: failedAttempts, last_error: lastError };
    });
  }

  /** Takes over what an earlier run parked. Gives the LSN that the stream must have reached before `startDraining`. */
  async restore(): Promise<Lsn | null> {
    let last: Lsn | null = null;
    for (const queue of this.queues.values()) {
      const parked = await queue.restore();
      if (parked !== null && (last === null || parked > last)) last = parked;
    }
    return last;
  }

  startDraining(): void {
    for (const queue of this.queues.values()) queue.startDraining();
  }

  /** Sends what is in memory until `signal`, then parks the rest. Resolves once nothing is in flight. */
  async close(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close(signal)));
  }

  /** Ends all attempts and writes at once. */
  async abort(): Promise<void> {
    if (this.#relief !== null) clearInterval(this.#relief);
    this.#writer.stop();
    await Promise.all([...this.#endpoints.values()].map(({ sender }) => sender.abort()));
  }

  #open(config: EndpointConfig): Endpoint {
    const { config: all, userAgent, store, tickets } = this.#options;
    const signer = config.signing === null ? null : new Signer(config.signing.secrets);
    const sender = new Sender(config, {
      userAgent,
      sign: signer === null ? null : (id, timestamp, body) => signer.sign(id, timestamp, body),
    });
    const count = all.endpoints.length;
    const queue = new EndpointQueue({
      endpoint: config,
      attempt: sender.attempt,
      store,
      writer: this.#writer,
      budget: this.budget,
      tickets,
      share: Math.max(1, Math.floor(all.limits.in_flight / (count + 1))),
      neighbours: count > 1,
      events: {
        onOutcome: (delivery, outcome, fate) => this.#outcome(delivery, outcome, fate),
        onBuried: (delivery, failure) => this.#buried(delivery, failure),
        onBreaker: (endpoint, state) => this.#breaker(endpoint, state),
        onOverflow: (endpoint) =>
          this.#options.log.warn({ endpoint }, 'the endpoint is too slow for its share of memory: its deliveries go through the store'),
        onCaughtUp: (endpoint) => this.#options.log.info({ endpoint }, 'parked deliveries are sent: the endpoint is up to date'),
      },
    });
    return { queue, sender, delivered: 0, failedAttempts: 0, lastError: null };
  }

  #outcome(delivery: Delivery, outcome: Outcome, fate: Fate): void {
    const { hook, endpoint: name } = delivery.request;
    const endpoint = this.#endpoints.get(name);
    if (endpoint && outcome.kind === 'delivered') endpoint.delivered++;
    if (endpoint && outcome.kind === 'failed') {
      endpoint.failedAttempts++;
      endpoint.lastError = outcome.message;
      const { failure, status, message } = outcome;
      const line = { endpoint: name, hook, id: delivery.id, table: delivery.table, failure, status };
      if (fate === 'dead') this.#options.log.error(line, `dead: ${message}`);
      else this.#options.log.warn(line, `parked: ${message}`);
    }
    this.#options.onOutcome(delivery, outcome, fate);
  }

  #buried({ id, table, request }: Delivery, { failure, message }: Failure): void {
    const endpoint = this.#endpoints.get(request.endpoint);
    if (endpoint) endpoint.lastError = `hook ${request.hook}: ${message}`;
    this.#options.log.error({ endpoint: request.endpoint, hook: request.hook, id, table, failure }, `dead: ${message}`);
  }

  #breaker(endpoint: string, state: 'open' | 'closed'): void {
    const { log } = this.#options;
    if (state === 'open') log.warn({ endpoint }, 'the endpoint fails: its deliveries are parked until it answers a probe');
    else log.info({ endpoint }, 'the endpoint answers again');
  }

  #storeFailed(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    if (this.#storeError === null) this.#options.log.error(`the state database fails, so no LSN is confirmed: ${message}`);
    this.#storeError = message;
  }

  #storeRecovered(): void {
    if (this.#storeError !== null) this.#options.log.info('the state database is back');
    this.#storeError = null;
  }

  #full(): void {
    this.#options.onFull();
    this.#relief ??= setInterval(() => this.#relieve(), RELIEF_INTERVAL);
    this.#relieve();
  }

  #relieved(): void {
    if (this.#relief !== null) clearInterval(this.#relief);
    this.#relief = null;
    this.#options.onRelief();
  }

  #relieve(): void {
    for (const queue of this.queues.values()) queue.relieveIfSlow();
  }
}
