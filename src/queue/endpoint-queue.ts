import { performance } from 'node:perf_hooks';
import PQueue from 'p-queue';
import type { EndpointConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import type { Lsn } from '../lsn.ts';
import { isEndpointFailure, type Outcome } from '../outcome.ts';
import { BlockedLanes, MOST_BLOCKED_LANES } from './blocked-lanes.ts';
import { Breaker } from './breaker.ts';
import type { Budget } from './budget.ts';
import { CompletionRate } from './completion-rate.ts';
import { Drain } from './drain.ts';
import { Item } from './item.ts';
import { Lanes } from './lanes.ts';
import { overflows } from './overflow.ts';
import { type Attempt, type Failure, failureOf, type ParkingStore } from './port.ts';
import { nextAttemptIn } from './retry.ts';
import type { Writer } from './writer.ts';

/** Takes and settles tickets for what is in flight: the checkpoint's tracker. */
export interface Tickets {
  take(): number;
  settle(ticket: number): void;
}

/** What an endpoint's queue tells of itself. */
export interface QueueEvents {
  readonly onOutcome: (delivery: Delivery, outcome: Outcome, fate: 'delivered' | 'parked' | 'dead') => void;
  readonly onBreaker: (endpoint: string, state: 'open' | 'closed') => void;
  readonly onOverflow: (endpoint: string) => void;
  readonly onCaughtUp: (endpoint: string) => void;
}

export interface EndpointQueueOptions {
  readonly endpoint: EndpointConfig;
  readonly attempt: Attempt;
  readonly store: ParkingStore;
  readonly writer: Writer;
  readonly budget: Budget;
  readonly tickets: Tickets;
  /** Deliveries in memory that no one minds. */
  readonly share: number;
  readonly neighbours: boolean;
  readonly events: QueueEvents;
}

type Mode = 'direct' | 'storing' | 'holding';

/**
 * One endpoint's deliveries: lanes in memory, sent within the limits of a p-queue; what cannot be sent goes to the store
 * and comes back from there.
 *
 * - `direct`: deliveries go straight to their lanes, but for those of blocked lanes, which follow what is stored.
 * - `storing`: all deliveries are parked, and a drain reads them back in order: the breaker is open, the endpoint is too
 *   slow for its share of memory, or too many lanes are blocked.
 * - `holding`: the drain has nearly caught up; what comes is kept in memory for the moment it takes to read the rest.
 */
export class EndpointQueue {
  readonly #options: EndpointQueueOptions;
  readonly #lanes = new Lanes();
  readonly #blocked = new BlockedLanes();
  readonly #slots: PQueue;
  /** Deliveries that one turn in a slot makes: without a rate, as many as there are; with one, p-queue counts each. */
  readonly #longTurns: boolean;
  readonly #breaker: Breaker;
  readonly #drain: Drain;
  readonly #rate = new CompletionRate(performance.now());
  #mode: Mode = 'direct';
  #held: Item[] = [];
  /** Live deliveries in memory. */
  #live = 0;
  #closing = false;
  #idle: (() => void) | null = null;

  constructor(options: EndpointQueueOptions) {
    const { endpoint } = options;
    this.#options = options;
    this.#longTurns = endpoint.rate === null;
    this.#slots = new PQueue({ concurrency: endpoint.concurrency, ...rateLimit(endpoint.rate) });
    this.#breaker = new Breaker({ ...endpoint.breaker, onOpen: () => this.#opened(), onClose: () => this.#closed() });
    this.#drain = new Drain({
      endpoint: endpoint.name,
      store: options.store,
      writer: options.writer,
      blocked: this.#blocked,
      load: (stored) => this.#add(new Item(stored.delivery, null, stored.attempts)),
      catchUp: (read) => this.#catchUp(read),
      readmit: (items) => this.#readmit(items),
      storing: () => this.#mode === 'storing',
    });
  }

  get name(): string {
    return this.#options.endpoint.name;
  }

  /** For status: what is in memory and how the endpoint is doing. */
  get state(): { readonly queued: number; readonly blocked: number; readonly mode: Mode; readonly breaker: 'open' | 'closed' } {
    return {
      queued: this.#lanes.size,
      blocked: this.#blocked.size,
      mode: this.#mode,
      breaker: this.#breaker.closed ? 'closed' : 'open',
    };
  }

  /**
   * Takes over what an earlier run parked, before the first `offer`. Gives the commit LSN of the last of it: once the
   * stream is there again, `startDraining` may be called.
   */
  async restore(): Promise<Lsn | null> {
    const { store } = this.#options;
    const lanes = await store.lanes(this.name, MOST_BLOCKED_LANES);
    if (lanes === null) this.#mode = 'storing';
    const now = performance.now();
    for (const { lane, dueIn } of lanes ?? []) this.#blocked.wait(lane, now + dueIn);
    return store.lastParked(this.name);
  }

  /**
   * Parked deliveries may be read back from now on: the stream is where it was when they were parked, so nothing that
   * belongs before them is still to come.
   */
  startDraining(): void {
    this.#drain.start();
  }

  /** Takes a delivery. It is in flight from now until it is delivered or durably stored. */
  offer(delivery: Delivery): void {
    const { tickets, budget } = this.#options;
    if (this.#live === 0) this.#rate.began(performance.now());
    this.#live++;
    budget.add(delivery.bytes);
    this.#admit(new Item(delivery, tickets.take(), 0));
    if (this.#live > this.#options.share) this.#relieve();
  }

  /** Makes a dead letter of a delivery that can never be sent. */
  bury(delivery: Delivery, failure: Failure): void {
    const { tickets, budget, writer } = this.#options;
    const item = new Item(delivery, tickets.take(), 0);
    this.#live++;
    budget.add(delivery.bytes);
    writer.bury({ delivery, attempts: 0, failure }, () => this.#settle(item));
  }

  /** Parks what is in memory if the endpoint is too slow for it, so that the others can go on. */
  relieveIfSlow(): void {
    this.#relieve();
  }

  /** Lets what is in memory be sent, until `signal`; parks what is left. Resolves once nothing is in flight. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closing = true;
    this.#drain.stop();
    if (this.#lanes.size > 0) {
      const spill = (): void => this.#store();
      if (signal.aborted) spill();
      else signal.addEventListener('abort', spill, { once: true });
      await new Promise<void>((resolve) => (this.#idle = resolve));
      signal.removeEventListener('abort', spill);
    }
    await this.#options.writer.flushed();
  }

  #admit(item: Item): void {
    if (this.#mode === 'storing') return this.#park(item);
    if (this.#mode === 'holding') {
      this.#held.push(item);
      return;
    }
    const blocked = this.#blocked.size === 0 ? undefined : this.#blocked.get(item.delivery.lane);
    if (blocked === undefined) this.#add(item);
    else if (blocked.state === 'held') blocked.items.push(item);
    else this.#park(item);
  }

  #add(item: Item): void {
    this.#lanes.add(item);
    this.#fillSlots();
  }

  #fillSlots(): void {
    const slots = this.#slots;
    const turns = slots.pending + slots.size;
    if (this.#lanes.ready > 0 && turns < slots.concurrency) void slots.add(() => this.#turn());
  }

  /** Sends heads of lanes, one after the other, for as long as there are any. */
  #turn(): Promise<void> {
    return new Promise((resolve) => {
      let item: Item | null = null;
      const next = (): void => {
        item = this.#lanes.take();
        if (item === null) resolve();
        else this.#options.attempt(item.delivery, done);
      };
      const done = (outcome: Outcome): void => {
        if (item !== null) this.#finish(item, outcome);
        if (this.#longTurns) return next();
        resolve();
        // p-queue frees the slot in a microtask.
        setImmediate(() => this.#fillSlots());
      };
      next();
    });
  }

  #finish(item: Item, outcome: Outcome): void {
    this.#rate.completed(performance.now());
    if (isEndpointFailure(outcome)) this.#breaker.failure();
    else this.#breaker.success();
    if (outcome.kind === 'delivered') this.#delivered(item, outcome);
    else this.#failed(item, outcome);
  }

  #delivered(item: Item, outcome: Outcome): void {
    this.#options.events.onOutcome(item.delivery, outcome, 'delivered');
    if (item.ticket === null) this.#options.writer.delivered(this.name, item.delivery.id, () => this.#settle(item));
    else this.#settle(item);
    this.#release(item);
  }

  #failed(item: Item, outcome: Extract<Outcome, { kind: 'failed' }>): void {
    const { endpoint, writer, events } = this.#options;
    const attempts = item.attempts + 1;
    const failure = failureOf(outcome);
    const dueIn = nextAttemptIn(endpoint.retry, attempts, outcome.retryAfter, Math.random());
    const { delivery } = item;
    if (dueIn === null) {
      events.onOutcome(delivery, outcome, 'dead');
      // Its lane goes on only once the death is durable: after a crash it must not be sent behind its followers.
      const done = (): void => {
        this.#settle(item);
        this.#release(item);
        this.#fillSlots();
      };
      if (item.ticket === null) writer.dead(this.name, { id: delivery.id, attempts, failure }, done);
      else writer.bury({ delivery, attempts, failure }, done);
      return;
    }
    events.onOutcome(delivery, outcome, 'parked');
    const followers = this.#lanes.drop(item);
    this.#blocked.wait(delivery.lane, performance.now() + dueIn);
    const done = (): void => this.#settle(item);
    if (item.ticket === null) writer.failed(this.name, { id: delivery.id, attempts, failure, dueIn }, done);
    else writer.park({ delivery, attempts, failure, dueIn }, done);
    this.#setAside(followers);
    if (this.#mode === 'direct' && this.#blocked.size > MOST_BLOCKED_LANES) this.#store();
    this.#drain.wake();
    this.#wakeIfIdle();
  }

  /** What became of the delivery is durable. */
  #settle(item: Item): void {
    if (item.ticket === null) {
      this.#drain.unloaded(item.delivery.id);
      return;
    }
    this.#live--;
    this.#options.budget.remove(item.delivery.bytes);
    this.#options.tickets.settle(item.ticket);
  }

  #release(item: Item): void {
    const { lane } = item.delivery;
    const empty = this.#lanes.release(item);
    // Its lane has, or may have, rows in the store that come next.
    if (empty && this.#blocked.get(lane)?.state === 'busy') {
      this.#blocked.wait(lane, performance.now());
      this.#drain.wake();
    }
    this.#wakeIfIdle();
  }

  /** Items that must not be sent now: live ones are parked, stored ones are where they were. */
  #setAside(items: readonly Item[]): void {
    for (const item of items) {
      if (item.ticket === null) this.#drain.unloaded(item.delivery.id);
      else this.#park(item);
    }
  }

  #park(item: Item): void {
    this.#options.writer.park({ delivery: item.delivery, attempts: item.attempts, failure: null, dueIn: 0 }, () =>
      this.#settle(item),
    );
  }

  #relieve(): void {
    if (this.#mode !== 'direct') return;
    const now = performance.now();
    const slow = overflows({
      queued: this.#live,
      share: this.#options.share,
      rate: this.#rate.perSecond(now),
      stalled: this.#rate.stalled(now),
      neighbours: this.#options.neighbours,
    });
    if (!slow) return;
    this.#options.events.onOverflow(this.name);
    this.#store();
  }

  /** From now on everything goes through the store, what waits in memory first. */
  #store(): void {
    const held = this.#held;
    this.#held = [];
    this.#mode = 'storing';
    // What is being sent now comes before whatever is stored of its lane.
    for (const item of this.#lanes.running) this.#blocked.busy(item.delivery.lane);
    const waiting = [...this.#lanes.clear(), ...held];
    // The store is read in sequence; batches that are written in sequence keep a reader from passing one by.
    waiting.sort((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0));
    this.#setAside(waiting);
    this.#drain.restart();
    this.#wakeIfIdle();
  }

  /** The drain has read all but the newest rows: holds newcomers back while it reads those, then goes direct again. */
  async #catchUp(read: () => Promise<boolean>): Promise<void> {
    this.#mode = 'holding';
    const caughtUp = await read();
    // The breaker may have opened meanwhile.
    if (this.#mode !== 'holding') return;
    this.#mode = caughtUp ? 'direct' : 'storing';
    const held = this.#held;
    this.#held = [];
    this.#readmit(held);
    if (caughtUp) this.#options.events.onCaughtUp(this.name);
  }

  #readmit(items: readonly Item[]): void {
    for (const item of items) this.#admit(item);
  }

  #opened(): void {
    this.#options.events.onBreaker(this.name, 'open');
    this.#drain.pause(this.#options.endpoint.breaker.open);
    this.#store();
  }

  #closed(): void {
    this.#options.events.onBreaker(this.name, 'closed');
    this.#drain.resume();
  }

  #wakeIfIdle(): void {
    if (this.#closing && this.#lanes.size === 0) this.#idle?.();
  }
}

function rateLimit(rate: number | null): { intervalCap: number; interval: number } | Record<string, never> {
  if (rate === null) return {};
  // Tenths of a second, so that a second's share does not go out in one burst.
  return rate >= 10 ? { intervalCap: Math.round(rate / 10), interval: 100 } : { intervalCap: 1, interval: 1000 / rate };
}
