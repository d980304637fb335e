import type { Delivery } from '../delivery.ts';
import type { Lsn } from '../lsn.ts';
import type { Ending, Outcome } from '../outcome.ts';
import { Aftermath } from './aftermath.ts';
import { BlockedLanes, MOST_BLOCKED_LANES } from './blocked-lanes.ts';
import { type CloseSignals, Closing } from './closing.ts';
import { CompletionRate } from './completion-rate.ts';
import { Drain } from './drain.ts';
import { InFlight } from './in-flight.ts';
import { Item } from './item.ts';
import { Lanes } from './lanes.ts';
import { overflows } from './overflow.ts';
import { Parker } from './parker.ts';
import type { Condition, Failure } from './port.ts';
import type { EndpointQueueOptions } from './queue-options.ts';
import type { Mode, QueueState } from './queue-state.ts';
import { ReadAhead } from './read-ahead.ts';
import { restored } from './restored.ts';
import { sendingOf } from './sending-of.ts';
import { Slots } from './slots.ts';
import { Standing } from './standing.ts';
import { Throttle } from './throttle.ts';
import { Untouched } from './untouched.ts';

/**
 * One endpoint's deliveries: lanes in memory, sent within the limits of a p-queue; what cannot be sent goes to the store
 * and comes back from there.
 *
 * - `direct`: deliveries go straight to their lanes, but for those of blocked lanes, which follow what is stored.
 * - `storing`: all deliveries are parked, and a drain reads them back in order: the breaker is open, the endpoint is too
 *   slow for its share of memory, it is paused or disabled, or too many lanes are blocked.
 * - `holding`: the drain has nearly caught up; what comes is kept in memory for the moment it takes to read the rest.
 */
export class EndpointQueue {
  readonly name: string;
  readonly untouched: Untouched;
  readonly #options: EndpointQueueOptions;
  readonly #inFlight: InFlight;
  readonly #lanes: Lanes;
  readonly #blocked = new BlockedLanes();
  readonly #slots: Slots;
  readonly #throttle: Throttle;
  readonly #standing: Standing;
  readonly #parker: Parker;
  readonly #drain: Drain;
  readonly #aftermath: Aftermath;
  readonly #ahead: ReadAhead;
  readonly #rate = new CompletionRate(performance.now());
  #mode: Mode = 'direct';
  #held: Item[] = [];
  #closing: Closing | null = null;
  #isOver = false;
  #closed: Promise<void> | null = null;

  constructor(options: EndpointQueueOptions) {
    const { endpoint } = options;
    this.name = endpoint.name;
    this.#options = options;
    this.#lanes = new Lanes(options.pace);
    this.#inFlight = new InFlight(options);
    this.untouched = new Untouched(this.#lanes, this.#inFlight);
    this.#throttle = new Throttle(endpoint.concurrency);
    this.#slots = new Slots({
      rate: endpoint.rate,
      concurrency: endpoint.concurrency,
      throttle: this.#throttle,
      sending: sendingOf(options, {
        lanes: this.#lanes,
        // What has been stored as a draft for good must not go out.
        render: (item, rendered) => !this.#isOver && this.#closing?.isAbandoned !== true && this.#inFlight.render(item, rendered),
        finish: (item, ending) => this.#finish(item, ending),
        finishAll: (...told) => this.#finishAll(...told),
        putBack: (items) => this.#putBack(items),
        mayWait: () => !options.budget.full && this.#drain.bringsMore,
        onDue: () => this.#slots.fill(),
      }),
    });
    this.#ahead = new ReadAhead(endpoint, options.events);
    this.#standing = new Standing({
      endpoint,
      remember: (...told) => options.writer.remember(endpoint.name, ...told),
      onHalt: (ms) => this.#halt(ms),
      onResume: () => this.#drain.resume(),
      tell: options.events.onNotice,
    });
    this.#drain = new Drain({
      endpoint: endpoint.name,
      store: options.store,
      writer: options.writer,
      blocked: this.#blocked,
      memory: options.stored,
      load: (stored) => this.#add(new Item(stored.delivery, null, stored.attempts)),
      catchUp: (read) => this.#catchUp(read),
      readmit: (items) => items.forEach((item) => this.#admit(item)),
      storing: () => this.#mode === 'storing',
      onUnreadable: (error) => options.events.onUnreadable(endpoint.name, error),
    });
    this.#parker = new Parker({
      lanes: this.#lanes,
      blocked: this.#blocked,
      drain: this.#drain,
      inFlight: this.#inFlight,
      writer: options.writer,
      onDurable: () => this.#look(),
    });
    this.#aftermath = new Aftermath({
      endpoint,
      writer: options.writer,
      events: options.events,
      lanes: this.#lanes,
      blocked: this.#blocked,
      parker: this.#parker,
      drain: this.#drain,
      standing: this.#standing,
      onBlocked: () => this.#keepBlocked(),
      onReleased: () => {
        this.#slots.fill();
        this.#look();
      },
    });
  }

  get state(): QueueState {
    return { queued: this.#lanes.size, inUse: this.#slots.inUse, blocked: this.#blocked.size, mode: this.#mode, condition: this.#standing.condition(performance.now()), slowed: this.#throttle.isSlowed };
  }

  /** Takes over what an earlier run parked, before the first `offer`. Gives the commit LSN of the last of it: see `startDraining`. */
  async restore(): Promise<Lsn | null> {
    const { hasMany, lastParked } = await restored(this.name, this.#options.store, { blocked: this.#blocked, standing: this.#standing });
    if (hasMany) this.#mode = 'storing';
    return lastParked;
  }

  /** Rows of this endpoint were put into the store, or taken out of it, by someone else: reads it again from the start. */
  async refresh(): Promise<void> {
    this.#store();
    await this.#options.writer.flushed();
    const lanes = await this.#options.store.lanes(this.name, MOST_BLOCKED_LANES);
    for (const { lane, dueIn } of lanes ?? []) if (this.#blocked.isWaiting(lane)) this.#blocked.wait(lane, performance.now() + dueIn);
    this.#drain.restart();
  }

  /** Sends nothing more until `resume`. Resolves once that is durable. */
  pause(reason: string): Promise<void> {
    this.#standing.pause(reason);
    return this.#options.writer.flushed();
  }

  /** Sends again, whatever was wrong before. Resolves once that is durable. */
  resume(): Promise<void> {
    this.#standing.resume();
    return this.#options.writer.flushed();
  }

  /** Another process has paused, disabled or resumed it, and stored that. */
  hear(said: Pick<Condition, 'state' | 'reason'>): void {
    this.#standing.hear(said);
  }

  /** Lets one delivery through an open breaker at once, the next that is stored. False, and nothing happens, if it is closed or nothing is to be sent at all. */
  probe(): boolean {
    if (!this.#standing.probe(performance.now())) return false;
    this.#drain.probe();
    return true;
  }

  /** Parked deliveries may be read back: the stream is where it was when they were parked, so nothing that belongs before them is still to come. */
  startDraining(): void {
    this.#drain.start();
  }

  /** At once: what is in memory is dropped, and what is being sent comes to nothing here. */
  abandon(): void {
    this.#isOver = true;
    this.#drain.stop();
    this.#ahead.stop();
    this.#slots.stop();
  }

  /**
   * Takes a delivery. It is in flight from now until it is delivered or durably stored.
   * @param settled told then, never within the call, if it is of a backfill: in its lane it has its place, but among lanes it gives way to the stream's
   */
  offer(delivery: Delivery, settled: (() => void) | null = null): void {
    // What hangs, and has been stored where it is, is still being sent.
    if (this.#lanes.size === 0) this.#rate.began(performance.now());
    this.#admit(this.#inFlight.enter(delivery, settled));
    if (settled !== null) return;
    this.relieve();
    this.#ahead.grown(this.#lanes.readyLive, this.#rate);
  }

  /** True while what a backfill brings goes straight to its lanes. At any other time it had better wait: a whole table would be stored. */
  get takesBackground(): boolean {
    return this.#mode === 'direct' && this.#closing === null && !this.#isOver;
  }

  /** Makes a dead letter of a delivery that can never be sent. @param settled see `offer` */
  bury(delivery: Delivery, failure: Failure, settled: (() => void) | null = null): void {
    const item = this.#inFlight.enter(delivery, settled);
    this.#options.events.onBuried(delivery, failure);
    this.#options.writer.bury({ delivery, attempts: 0, failure }, () => this.#parker.settle(item));
  }

  /** What waits for others goes without them if memory is full, and all is parked if the endpoint is too slow for its share: so that the others can go on. */
  relieve(): void {
    if (this.#options.budget.full) this.#slots.fill();
    if (this.#mode !== 'direct' || !this.#inFlight.isOverShare) return;
    const now = performance.now();
    if (!overflows({ queued: this.#inFlight.size, rate: this.#rate.perSecond(now), stalled: this.#rate.stalled(now), neighbours: this.#options.neighbours })) return;
    this.#options.events.onOverflow(this.name);
    this.#store();
  }

  /** Parks what holds the safe position back: the deliveries with tickets below `ticket`, and what waits behind them. */
  parkLate(ticket: number): void {
    this.#parker.parkLate(ticket);
    this.#keepBlocked();
  }

  /** Sends what is in memory until `spill`, then parks the rest, and lets what is being sent end until `abandon`. Resolves once all of it is over or stored. May be called twice. */
  close(signals: CloseSignals): Promise<void> {
    return (this.#closed ??= this.#close(signals));
  }

  async #close(signals: CloseSignals): Promise<void> {
    this.#drain.stop();
    this.#closing = new Closing({
      ...signals,
      onSpill: () => this.#store(),
      onAbandon: () => {
        if (this.#lanes.running.size > 0) this.#options.events.onGivenUp(this.name, this.#lanes.running.size);
        this.#parker.giveUp();
        this.#look();
      },
    });
    this.#look();
    const over = this.#closing.run();
    // What waits for others does so no more.
    this.#slots.fill();
    await over;
    this.#isOver = true;
    this.#ahead.stop();
    this.#slots.stop();
    await this.#options.writer.flushed();
  }

  #admit(item: Item): void {
    if (this.#mode === 'storing') return this.#parker.park(item);
    if (this.#mode === 'holding') return void this.#held.push(item);
    const blocked = this.#blocked.size === 0 ? undefined : this.#blocked.get(item.delivery.lane);
    if (blocked === undefined) this.#add(item);
    else if (blocked.state === 'held') blocked.items.push(item);
    else this.#parker.park(item);
  }

  #add(item: Item): void {
    this.#lanes.add(item);
    this.#slots.fill();
  }

  /** What became of a delivery by itself. */
  #finish(item: Item, ending: Ending): void {
    // Given up, and stored as it was: nothing can be made of it any more.
    if (this.#isOver) return;
    const now = performance.now();
    this.#throttle.ended(ending, now);
    this.#rate.completed(now);
    if (ending.kind === 'failed') this.#aftermath.failed(item, ending, { now, luck: Math.random() });
    else this.#aftermath.over(item, ending);
    this.#look();
    // What was not sent says nothing of the endpoint.
    if (ending.kind !== 'skipped') this.#standing.outcome(ending, now);
  }

  /** What became of a request that had several deliveries: it counts once for the endpoint. */
  #finishAll(items: readonly Item[], outcome: Outcome, apart: boolean): void {
    if (this.#isOver) return;
    const now = performance.now();
    const luck = Math.random();
    this.#throttle.ended(outcome, now);
    const refused = outcome.kind === 'failed' && apart ? `a batch of ${items.length}, each of which is sent alone now: ${outcome.message}` : '';
    for (const item of items) {
      // Those behind a failure in its lane have been set aside with it.
      if (item.ended) continue;
      this.#rate.completed(now);
      if (outcome.kind === 'delivered') this.#aftermath.over(item, outcome);
      else if (apart) this.#aftermath.refusedTogether(item, { ...outcome, message: refused }, now);
      else this.#aftermath.failed(item, outcome, { now, luck });
    }
    this.#look();
    this.#standing.outcome(outcome, now);
  }

  /** They are made ready, and go in requests of their own. */
  #putBack(items: readonly Item[]): void {
    if (this.#isOver) return;
    if (this.#mode !== 'storing' || this.#drain.isOpen) return this.#lanes.putBack(items);
    for (const item of items) this.#aftermath.setAside(item);
    this.#look();
  }

  /** With so many lanes that wait, all goes through the store. */
  #keepBlocked(): void {
    if (this.#mode === 'direct' && this.#blocked.size > MOST_BLOCKED_LANES) this.#store();
  }

  /** From now on everything goes through the store, what waits in memory first. */
  #store(): void {
    this.#mode = 'storing';
    // What is held too: newcomers are parked at once, and must not be read before it.
    this.#parker.parkAll(this.#held.splice(0));
    this.#drain.restart();
    this.#look();
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
    for (const item of this.#held.splice(0)) this.#admit(item);
    if (mode === 'direct') this.#options.events.onCaughtUp(this.name);
  }

  #halt(ms: number | null): void {
    // Left alone altogether it need not be slowed as well: a probe goes when the breaker says so.
    this.#throttle.restart();
    this.#drain.pause(ms);
    this.#store();
  }

  /** Reading goes on once little is ready, `close` once nothing is left. */
  #look(): void {
    this.#ahead.shrunk(this.#lanes.readyLive);
    this.#closing?.look(this.#inFlight.all, this.#lanes.size);
  }
}
