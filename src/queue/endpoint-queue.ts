import type { EndpointConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import type { Lsn } from '../lsn.ts';
import { isEndpointFailure, type Outcome } from '../outcome.ts';
import { BlockedLanes, MOST_BLOCKED_LANES } from './blocked-lanes.ts';
import { Breaker } from './breaker.ts';
import type { Budget } from './budget.ts';
import { CompletionRate } from './completion-rate.ts';
import { Drain } from './drain.ts';
import { InFlight, type Tickets } from './in-flight.ts';
import { Item } from './item.ts';
import { Lanes } from './lanes.ts';
import { overflows } from './overflow.ts';
import { type Attempt, type Failure, failureOf, type ParkingStore } from './port.ts';
import { nextAttemptIn } from './retry.ts';
import { Slots } from './slots.ts';
import type { Writer } from './writer.ts';

/** What an endpoint's queue tells of itself. */
export interface QueueEvents {
  readonly onOutcome: (delivery: Delivery, outcome: Outcome, fate: 'delivered' | 'parked' | 'dead') => void;
  /** A delivery that can never be sent became a dead letter. */
  readonly onBuried: (delivery: Delivery, failure: Failure) => void;
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
  readonly #inFlight: InFlight;
  readonly #lanes = new Lanes();
  readonly #blocked = new BlockedLanes();
  readonly #slots: Slots;
  readonly #breaker: Breaker;
  readonly #drain: Drain;
  readonly #rate = new CompletionRate(performance.now());
  #mode: Mode = 'direct';
  #held: Item[] = [];
  #closed: Promise<void> | null = null;
  #idle: (() => void) | null = null;

  constructor(options: EndpointQueueOptions) {
    const { endpoint, attempt } = options;
    const { concurrency, rate, breaker } = endpoint;
    this.#options = options;
    this.#inFlight = new InFlight(options);
    this.#slots = new Slots({ concurrency, rate, lanes: this.#lanes, attempt, finish: (item, outcome) => this.#finish(item, outcome) });
    this.#breaker = new Breaker({
      ...breaker,
      onOpen: () => this.#breakerOpened(),
      onReopen: () => this.#drain.pause(breaker.open),
      onClose: () => this.#breakerClosed(),
    });
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
    if (this.#inFlight.size === 0) this.#rate.began(performance.now());
    this.#admit(this.#inFlight.enter(delivery));
    this.relieveIfSlow();
  }

  /** Makes a dead letter of a delivery that can never be sent. */
  bury(delivery: Delivery, failure: Failure): void {
    const item = this.#inFlight.enter(delivery);
    this.#options.events.onBuried(delivery, failure);
    this.#options.writer.bury({ delivery, attempts: 0, failure }, () => this.#settle(item));
  }

  /** Parks what is in memory if the endpoint is too slow for it, so that the others can go on. */
  relieveIfSlow(): void {
    if (this.#mode !== 'direct' || !this.#inFlight.isOverShare) return;
    const now = performance.now();
    const isSlow = overflows({
      queued: this.#inFlight.size,
      rate: this.#rate.perSecond(now),
      stalled: this.#rate.stalled(now),
      neighbours: this.#options.neighbours,
    });
    if (!isSlow) return;
    this.#options.events.onOverflow(this.name);
    this.#store();
  }

  /**
   * Lets what is in memory be sent, until `signal`; parks what is left. Resolves once nothing is in flight, which takes
   * a store that works. May be called twice.
   */
  close(signal: AbortSignal): Promise<void> {
    this.#closed ??= this.#close(signal);
    return this.#closed;
  }

  async #close(signal: AbortSignal): Promise<void> {
    this.#drain.stop();
    const spill = (): void => this.#store();
    if (signal.aborted) spill();
    else signal.addEventListener('abort', spill, { once: true });
    await new Promise<void>((resolve) => {
      this.#idle = resolve;
      this.#wakeIfIdle();
    });
    signal.removeEventListener('abort', spill);
    this.#slots.stop();
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
    this.#slots.fill();
  }

  #finish(item: Item, outcome: Outcome): void {
    const now = performance.now();
    this.#rate.completed(now);
    if (outcome.kind === 'delivered') this.#delivered(item, outcome);
    else this.#failed(item, outcome);
    if (isEndpointFailure(outcome)) this.#breaker.failure(now);
    else this.#breaker.success(now);
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
        this.#slots.fill();
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
  #settle({ delivery, ticket }: Item): void {
    if (ticket === null) {
      this.#drain.done(delivery.id);
      return;
    }
    this.#inFlight.leave(delivery, ticket);
    this.#wakeIfIdle();
  }

  #release(item: Item): void {
    const { lane } = item.delivery;
    const isEmpty = this.#lanes.release(item);
    // Its lane has, or may have, rows in the store that come next.
    if (isEmpty && this.#blocked.isBusy(lane)) {
      this.#blocked.wait(lane, performance.now());
      this.#drain.wake();
    }
    this.#wakeIfIdle();
  }

  /** Items that must not be sent now: live ones are parked, stored ones are where they were. */
  #setAside(items: readonly Item[]): void {
    for (const item of items) {
      if (item.ticket === null) this.#drain.returned(item.delivery.id);
      else this.#park(item);
    }
  }

  #park(item: Item): void {
    const { delivery, attempts } = item;
    this.#options.writer.park({ delivery, attempts, failure: null, dueIn: 0 }, () => {
      this.#settle(item);
      this.#drain.wake();
    });
  }

  /** From now on everything goes through the store, what waits in memory first. */
  #store(): void {
    this.#mode = 'storing';
    // What is held too: newcomers are parked at once, and must not be read before it.
    const waiting = [...this.#lanes.clear(), ...this.#held.splice(0), ...this.#blocked.takeHeld()];
    // Of a lane that was read back in part, nothing may be in memory any more: then nobody else would read on.
    for (const { delivery } of waiting) {
      if (this.#blocked.isBusy(delivery.lane)) this.#blocked.wait(delivery.lane, performance.now());
    }
    // What is being sent now comes before whatever is stored of its lane.
    for (const item of this.#lanes.running) this.#blocked.busy(item.delivery.lane);
    // The store is read in sequence; batches that are written in sequence keep a reader from passing one by.
    waiting.sort((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0));
    this.#setAside(waiting);
    this.#drain.restart();
    this.#wakeIfIdle();
  }

  /** The drain has read all but the newest rows: holds newcomers back while it reads those, then goes direct again. */
  async #catchUp(read: () => Promise<boolean>): Promise<void> {
    this.#mode = 'holding';
    let isAll = false;
    try {
      isAll = await read();
    } finally {
      // Unless the breaker has opened meanwhile, and what was held is parked.
      if (this.#mode === 'holding') this.#letIn(isAll ? 'direct' : 'storing');
    }
  }

  #letIn(mode: 'direct' | 'storing'): void {
    this.#mode = mode;
    this.#readmit(this.#held.splice(0));
    if (mode === 'direct') this.#options.events.onCaughtUp(this.name);
  }

  #readmit(items: readonly Item[]): void {
    for (const item of items) this.#admit(item);
  }

  #breakerOpened(): void {
    this.#options.events.onBreaker(this.name, 'open');
    this.#drain.pause(this.#options.endpoint.breaker.open);
    this.#store();
  }

  #breakerClosed(): void {
    this.#options.events.onBreaker(this.name, 'closed');
    this.#drain.resume();
  }

  /** Lets `close` go on once nothing is in flight. */
  #wakeIfIdle(): void {
    if (this.#lanes.size === 0 && this.#inFlight.size === 0) this.#idle?.();
  }
}
