import type { Logger } from 'pino';
import type { Config, EndpointConfig } from './config.ts';
import type { Delivery } from './delivery.ts';
import { type EndpointSender, openSender } from './endpoint-sender.ts';
import type { EndpointDetail, EndpointStatus } from './endpoint-status.ts';
import { endpointStatus, type EndpointTally, failureOfTally, newTally, unreadableFailure } from './endpoint-tally.ts';
import type { EngineStatus } from './engine-status.ts';
import type { Enriching } from './enriching.ts';
import { joined } from './format/joined.ts';
import { EndpointSigner } from './format/endpoint-signer.ts';
import type { History } from './history/history.ts';
import type { Lsn } from './lsn.ts';
import type { Notice } from './notice.ts';
import { OutcomeLog } from './observe/outcome-log.ts';
import type { Outcome } from './outcome.ts';
import { batchAttempt } from './queue/batch-attempt.ts';
import { BackgroundPace } from './queue/background-pace.ts';
import { Budget } from './queue/budget.ts';
import { EndpointQueue } from './queue/endpoint-queue.ts';
import type { Tickets } from './queue/in-flight.ts';
import type { CloseSignals } from './queue/closing.ts';
import { Cooldown } from './queue/cooldown.ts';
import { Holder } from './queue/holder.ts';
import type { Attempt, ClaimStore, Failure, Held, ParkingStore } from './queue/port.ts';
import { type Progress, STRAGGLER_INTERVAL, Stragglers } from './queue/stragglers.ts';
import { Writer } from './queue/writer.ts';
import { Resting } from './resting.ts';
import type { Tracer } from './tracing/tracer.ts';

/** How often a full budget is looked at, in milliseconds, to park what a slow endpoint keeps in memory. */
const RELIEF_INTERVAL = 100;
/** A batch that the store has not taken after so many milliseconds says that it is down, or slow. */
const STORE_PATIENCE = 250;

/** All endpoints together may read this part of `limits.memory` back from the store, beside it; an endpoint at most so many bytes. */
const STORED_PART = 4;
const MOST_STORED = 8 * 1024 * 1024;
/**
 * Reading stops while so many deliveries are settled above the lowest open one: a store that takes nothing holds the
 * position, each of them would be sent again after a crash, and each takes a byte.
 */
const MOST_AHEAD = 1_000_000;

/** What became of an attempt's delivery. */
export type Fate = 'delivered' | 'parked' | 'dead';

export interface DispatcherOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly userAgent: string;
  readonly store: ParkingStore;
  readonly claims: ClaimStore;
  readonly enriching: Enriching;
  /** Stands before each attempt: one that may not be made is not passed on. Default: all may. */
  readonly before?: (send: EndpointSender['attempt']) => EndpointSender['attempt'];
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  readonly tickets: Tickets;
  /** How far the tickets have come, now. */
  readonly progress: () => Progress;
  /** Nothing more should be read until `onRelief`. */
  readonly onFull: () => void;
  /** What is to be sent later is stored. */
  readonly onHeld: (held: Held) => void;
  readonly onRelief: () => void;
  readonly onOutcome: ((delivery: Delivery, outcome: Outcome, fate: Fate) => void) | null;
  /** What becomes of deliveries is counted there, and some of it kept; null: nowhere. */
  readonly history: Pick<History, 'attempted' | 'buried'> | null;
  /** For whoever is to be told besides the log. */
  readonly onNotice: (notice: Notice) => void;
  /** Another daemon has taken over the state: nothing more can be made durable here. */
  readonly onFenced: (error: Error) => void;
}

interface Endpoint extends EndpointTally {
  readonly queue: EndpointQueue;
  readonly sender: EndpointSender;
}

/** All endpoints: for each a queue and a sender, and one budget and one writer for them all. */
export class Dispatcher {
  readonly queues: ReadonlyMap<string, EndpointQueue>;
  readonly budget: Budget;
  readonly pace = new BackgroundPace();
  /** There is none here. */
  readonly engine: EngineStatus | null = null;
  /** Of the endpoints that sign. */
  readonly signers = new Map<string, EndpointSigner>();
  readonly #endpoints = new Map<string, Endpoint>();
  readonly #writer: Writer;
  readonly #options: DispatcherOptions;
  readonly #holder: Holder;
  readonly #cooldown: Cooldown;
  readonly #stragglers: Stragglers;
  readonly #outcomes: OutcomeLog;
  #watch: NodeJS.Timeout | null = null;
  #relief: NodeJS.Timeout | null = null;
  #storeError: string | null = null;
  /** While memory is full, the position is held for too long, or an endpoint has plenty to send. */
  readonly #resting: Resting;

  constructor(options: DispatcherOptions) {
    const { config, store } = options;
    this.#options = options;
    this.#resting = new Resting(options.onFull, options.onRelief);
    this.#writer = new Writer(store, {
      onError: (error) => this.#storeFailed(error),
      onRecovered: () => this.#storeRecovered(),
      onFenced: options.onFenced,
    });
    this.#cooldown = new Cooldown({
      store: options.claims,
      hooks: new Map(config.hooks.flatMap(({ name, cooldown }) => (cooldown === null ? [] : [[name, cooldown] as const]))),
    });
    this.#outcomes = new OutcomeLog(options.log);
    this.#stragglers = new Stragglers(config.endpoints.reduce((sum, { concurrency, batch }) => sum + concurrency * (batch?.size ?? 1), 0));
    this.budget = new Budget(
      config.limits,
      () => this.#full(),
      () => this.#relieved(),
    );
    this.#holder = new Holder({ writer: this.#writer, budget: this.budget, tickets: options.tickets, onHeld: options.onHeld });
    for (const endpoint of config.endpoints) this.#endpoints.set(endpoint.name, this.#open(endpoint));
    this.queues = new Map([...this.#endpoints].map(([name, { queue }]) => [name, queue]));
  }

  /** Why deliveries are not as they should be, a sentence each. */
  get problems(): string[] {
    return this.#storeError === null ? [] : [`the state database fails: ${this.#storeError}`];
  }

  get status(): EndpointStatus[] {
    return [...this.#endpoints].map(([name, endpoint]) => endpointStatus(name, endpoint.queue.state, endpoint));
  }

  /** Takes over what an earlier run parked. Gives the LSN that the stream must have reached before `startDraining`. */
  async restore(): Promise<Lsn | null> {
    let last: Lsn | null = null;
    for (const queue of this.queues.values()) {
      const parked = await queue.restore();
      if (parked !== null && (last === null || parked > last)) last = parked;
      const { state, reason } = queue.state.condition;
      if (state === 'active') continue;
      this.#options.log.warn({ endpoint: queue.name, hint: `walhook resume ${queue.name}` }, `the endpoint is ${state}, its deliveries are parked until it is resumed: ${reason ?? ''}`);
    }
    this.#watch ??= setInterval(() => this.#parkLate(), STRAGGLER_INTERVAL);
    return last;
  }

  /** Stores what is to be sent later. */
  hold(held: Held): void {
    this.#holder.hold(held);
  }

  /** Stores a delivery whose endpoint is not in the configuration: it is sent once that is back, unless it never can be. */
  keep(delivery: Delivery, failure: Failure | null): void {
    const { tickets } = this.#options;
    const ticket = tickets.take();
    this.budget.add(delivery.bytes);
    const done = (): void => {
      this.budget.remove(delivery.bytes);
      tickets.settle(ticket);
    };
    if (failure === null) this.#writer.park({ delivery, attempts: 0, failure, dueIn: 0 }, done);
    else this.#writer.bury({ delivery, attempts: 0, failure }, done);
  }

  startDraining(): void {
    for (const queue of this.queues.values()) queue.startDraining();
  }

  /** See EndpointQueue. Null if there is no such endpoint. */
  pause(endpoint: string, reason: string): Promise<void> | null {
    return this.queues.get(endpoint)?.pause(reason) ?? null;
  }

  resume(endpoint: string): Promise<void> | null {
    return this.queues.get(endpoint)?.resume() ?? null;
  }

  /** False if its breaker is closed, or nothing is sent there anyway. Null if there is no such endpoint. */
  probe(endpoint: string): boolean | null {
    return this.queues.get(endpoint)?.probe() ?? null;
  }

  /** Null if there is no such endpoint. */
  detail(name: string): EndpointDetail | null {
    const endpoint = this.#endpoints.get(name);
    if (endpoint === undefined) return null;
    const { inUse, blocked } = endpoint.queue.state;
    return { inUse, blocked, lastFailure: failureOfTally(endpoint) };
  }

  refresh(endpoint: string): Promise<void> | null {
    return this.queues.get(endpoint)?.refresh() ?? null;
  }

  /** Resolves once nothing is in flight, or all of it is stored. See EndpointQueue. */
  async close(signals: CloseSignals): Promise<void> {
    await Promise.all([...this.queues.values()].map((queue) => queue.close(signals)));
  }

  /** Ends all attempts and writes at once. */
  async abort(): Promise<void> {
    for (const timer of [this.#relief, this.#watch]) if (timer !== null) clearInterval(timer);
    this.#writer.stop();
    this.pace.stop();
    for (const queue of this.queues.values()) queue.abandon();
    this.#outcomes.stop();
    await Promise.all([this.#options.enriching.close(), ...[...this.#endpoints.values()].map(({ sender }) => sender.abort())]);
  }

  #open(config: EndpointConfig): Endpoint {
    const { config: all, userAgent, store, tickets, enriching, tracer, before = (send) => send } = this.#options;
    const signer = config.signing === null ? null : new EndpointSigner(config.signing.secrets);
    if (signer !== null) this.signers.set(config.name, signer);
    const sender = openSender(config, {
      userAgent,
      sign: signer === null ? null : (id, timestamp, body) => signer.sign(id, timestamp, body),
    });
    const attempt = before(tracer?.attempt(config, sender.attempt) ?? sender.attempt);
    const prepare = (send: Attempt): Attempt => this.#cooldown.attempt(enriching.attempt(config, send));
    const count = all.endpoints.length;
    const queue = new EndpointQueue({
      endpoint: config,
      attempt: {
        single: prepare(attempt),
        batch: batchAttempt({ bytes: config.batch?.bytes ?? 0, prepare, join: joined, send: attempt }),
      },
      store,
      writer: this.#writer,
      budget: this.budget,
      tickets,
      share: Math.max(1, Math.floor(all.limits.in_flight / (count + 1))),
      pace: this.pace,
      neighbours: count > 1,
      stored: Math.min(MOST_STORED, Math.ceil(all.limits.memory / (STORED_PART * count))),
      events: {
        onOutcome: (...told) => this.#outcome(...told),
        onSkipped: (delivery) => this.#skipped(delivery),
        onBuried: (delivery, failure) => this.#buried(delivery, failure),
        onNotice: (notice) => this.#notice(notice),
        onUnreadable: (endpoint, error) => this.#unreadable(endpoint, error),
        onOverflow: (endpoint) =>
          this.#options.log.warn({ endpoint }, 'the endpoint is too slow for its share of memory: its deliveries go through the store'),
        onGivenUp: (endpoint, attempts) =>
          this.#options.log.warn({ endpoint, attempts, hint: 'let limits.shutdown be longer than the timeout of endpoints' }, 'attempts that did not end in time are given up: their deliveries are parked, and may arrive twice'),
        onEnough: (endpoint) => this.#resting.rest(`endpoint ${endpoint}`),
        onMore: (endpoint) => this.#resting.goOn(`endpoint ${endpoint}`),
        onCaughtUp: (endpoint) => this.#options.log.info({ endpoint }, 'parked deliveries are sent: the endpoint is up to date'),
      },
    });
    return { queue, sender, ...newTally() };
  }

  #outcome(delivery: Delivery, outcome: Outcome, fate: Fate, attempts: number): void {
    const { hook, endpoint: name } = delivery.request;
    const endpoint = this.#endpoints.get(name);
    if (endpoint && outcome.kind === 'delivered') endpoint.delivered++;
    if (endpoint && outcome.kind === 'failed') {
      endpoint.failedAttempts++;
      endpoint.lastFailure = { failure: outcome.failure, status: outcome.status, message: outcome.message, at: new Date() };
      if (fate === 'dead') {
        this.#outcomes.dead(delivery, outcome, attempts);
        this.#options.onNotice({ type: 'delivery.dead', endpoint: name, hook, id: delivery.id, reason: outcome.message });
      } else {
        this.#outcomes.parked(delivery, outcome);
      }
    }
    if (fate !== 'parked') this.#options.tracer?.ended(delivery, outcome, attempts);
    this.#options.history?.attempted(delivery, outcome, { result: fate, attempt: attempts });
    this.#options.onOutcome?.(delivery, outcome, fate);
  }

  #skipped({ request }: Delivery): void {
    const endpoint = this.#endpoints.get(request.endpoint);
    if (endpoint) endpoint.skipped++;
  }

  #buried(delivery: Delivery, failure: Failure): void {
    const { id, request } = delivery;
    const { message } = failure;
    const endpoint = this.#endpoints.get(request.endpoint);
    if (endpoint) endpoint.lastFailure = { failure: failure.failure, status: null, message: `hook ${request.hook}: ${message}`, at: new Date() };
    this.#options.history?.buried(delivery);
    this.#outcomes.dead(delivery, failure, 0);
    this.#options.onNotice({ type: 'delivery.dead', endpoint: request.endpoint, hook: request.hook, id, reason: message });
  }

  #unreadable(name: string, error: Error | null): void {
    const endpoint = this.#endpoints.get(name);
    const failure = error === null ? null : unreadableFailure(error);
    if (endpoint) endpoint.unreadable = failure;
    if (failure === null) this.#options.log.info({ endpoint: name }, 'all that is parked can be read again');
    else this.#options.log.error({ endpoint: name, hint: failure.hint }, failure.message);
  }

  #notice(notice: Notice): void {
    const { log } = this.#options;
    if (notice.type === 'endpoint.failing') log.warn({ endpoint: notice.endpoint }, `the endpoint fails: its deliveries are parked until it answers a probe: ${notice.reason}`);
    if (notice.type === 'endpoint.recovered') log.info({ endpoint: notice.endpoint }, 'the endpoint answers again');
    if (notice.type === 'endpoint.disabled') {
      const hint = `walhook resume ${notice.endpoint}`;
      log.error({ endpoint: notice.endpoint, hint }, `the endpoint is disabled, its deliveries are parked until it is resumed: ${notice.reason}`);
    }
    this.#options.onNotice(notice);
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
    this.#resting.rest('memory');
    const relieve = (): void => this.queues.forEach((queue) => queue.relieve());
    this.#relief ??= setInterval(relieve, RELIEF_INTERVAL);
    relieve();
  }

  #relieved(): void {
    if (this.#relief !== null) clearInterval(this.#relief);
    this.#relief = null;
    this.#resting.goOn('memory');
  }

  #parkLate(): void {
    const progress = this.#options.progress();
    this.#keepWithin(progress.ahead > MOST_AHEAD);
    const late = this.#stragglers.look(progress);
    // While the store takes nothing, parking frees no position, and only makes lanes that could go on wait for it.
    if (this.#writer.waited(performance.now()) > STORE_PATIENCE) return;
    if (late > 0) for (const queue of this.queues.values()) queue.parkLate(late);
  }

  #keepWithin(isAhead: boolean): void {
    if (isAhead === this.#resting.has('position')) return;
    if (!isAhead) return this.#resting.goOn('position');
    this.#options.log.warn(`${MOST_AHEAD} deliveries are settled above one that cannot be stored: nothing more is read until the state database takes it`);
    this.#resting.rest('position');
  }
}
