import type { EndpointConfig } from '../../src/config.ts';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import { type Delivery, DRAFT, NO_HEADERS, type Sequence } from '../../src/delivery.ts';
import type { Lsn } from '../../src/lsn.ts';
import type { Outcome } from '../../src/outcome.ts';
import { type Position, START } from '../../src/position.ts';
import { batchAttempt } from '../../src/queue/batch-attempt.ts';
import { Budget } from '../../src/queue/budget.ts';
import { EndpointQueue } from '../../src/queue/endpoint-queue.ts';
import type { BatchAttempt } from '../../src/queue/port.ts';
import { STRAGGLER_INTERVAL, Stragglers } from '../../src/queue/stragglers.ts';
import { Writer } from '../../src/queue/writer.ts';
import { endpointAt } from '../deliver/endpoint.ts';
import { keyOf, MemoryParkingStore } from '../support/memory-parking-store.ts';
import type { VirtualTime } from '../support/virtual-time.ts';

/** A time from and to, in milliseconds. */
type Window = readonly [from: number, to: number];

/** What is to happen, drawn by fast-check. */
export interface Script {
  readonly seed: number;
  readonly deliveries: number;
  /** Rows of a backfill that goes on beside. */
  readonly background: number;
  readonly lanes: number;
  readonly concurrency: number;
  /** Deliveries in a request; null: batches are off. */
  readonly batch: number | null;
  readonly rate: number | null;
  readonly inFlight: number;
  /** How often an attempt fails that nothing speaks against: 0 to 1. */
  readonly flaky: number;
  /** The endpoint refuses every so-manieth delivery; 0 for none. */
  readonly poison: number;
  /** Every so-manieth delivery is a dead letter from the start; 0 for none. */
  readonly buried: number;
  readonly slowest: number;
  readonly slowestStore: number;
  /** When the endpoint is down, and when the store is. */
  readonly outages: readonly Window[];
  readonly storeOutages: readonly Window[];
  /** How often a full share counts as an overflow: 0 to 1. */
  readonly overflow: number;
  /** When the endpoint is paused, and when someone resumes it. */
  readonly pauses: readonly Window[];
  /** When the queue is told to read its store again, and when some of what is in flight counts as late. */
  readonly refreshes: readonly number[];
  readonly lates: readonly number[];
  /** When the process is killed, and when it hands over. */
  readonly crashes: readonly number[];
  readonly handOvers: readonly number[];
}

/** Milliseconds between checkpoints. */
const CHECKPOINT = 50;
const ENDPOINT = 'crm';
const FAILED = { kind: 'failed', failure: 'status', message: '', response: '', retryAfter: null, verdict: 'retry', ms: 1 } as const;

/** One endpoint's queue with a receiver, a store, a checkpoint and a stream of deliveries, and the rules that must always hold. */
export class World {
  readonly store = new MemoryParkingStore();
  readonly script: Script;
  readonly deliveries: readonly Delivery[];
  /** Rows of the backfill; those below `#filled` are over, and stored as that. */
  readonly background: readonly Delivery[];
  #filled = 0;
  /** The rows of the backfill that this run has offered, and those of them that are settled. */
  #chunk = new Map<string, Delivery>();
  readonly #settled = new Set<string>();
  #ordinal = 0;
  /** Deliveries that the receiver has, and in which runs of the process it got them. */
  readonly received = new Map<string, number[]>();
  /** What is wrong, if anything is. */
  readonly violations: string[] = [];
  run = 0;
  queue!: EndpointQueue;
  writer!: Writer;
  tracker!: Tracker<Position>;
  readonly #time: VirtualTime;
  readonly #endpoint: EndpointConfig;
  readonly #random: () => number;
  /** What a crash leaves: the position that was stored last. */
  #checkpoint: Position = START;
  /** Deliveries that may come again after the last crash. */
  #mayComeAgain = new Set<string>();
  /** Requests under way. */
  readonly #requests = new Set<readonly Delivery[]>();
  #budget!: Budget;
  #next = 0;
  #drainFrom: Lsn | null = null;
  #isUp = false;
  #isDraining = false;
  /** The delivery that takes the next ticket. */
  #offered: Delivery | null = null;
  #timers: (NodeJS.Timeout | NodeJS.Immediate)[] = [];

  constructor(script: Script, time: VirtualTime) {
    this.script = script;
    this.#time = time;
    this.#random = mulberry32(script.seed);
    this.#endpoint = endpointAt('http://127.0.0.1/', {
      name: ENDPOINT,
      concurrency: script.concurrency,
      rate: script.rate,
      batch: script.batch === null ? null : { size: script.batch, bytes: 1000, linger: 10 },
      retry: { initial: 20, factor: 2, max: 200, jitter: 0.2, attempts: 5 },
      breaker: { failures: 3, open: 100 },
      responses: new Map(),
      disable_after: null,
    });
    this.deliveries = Array.from({ length: script.deliveries }, (_, i) => this.#delivery(i));
    this.background = Array.from({ length: script.background }, (_, i) => ({ ...this.#delivery(i), id: `row_${i}` }));
    this.store.before = () => this.#wait(script.slowestStore);
    this.store.after = () => this.#wait(script.slowestStore);
    this.store.fails = () => {
      if (!isWithin(script.storeOutages, time.now)) return 'no';
      return this.#random() < 0.5 ? 'before' : 'after';
    };
  }

  random(): number {
    return this.#random();
  }

  /** True if all that was offered is delivered or dead, and nothing is left in memory or store. */
  get isDone(): boolean {
    const { queued, blocked, mode, condition } = this.queue.state;
    // With an open breaker and nothing stored, it waits for something to probe with.
    const isAtRest = mode === 'direct' || (mode === 'storing' && condition.probeIn !== null);
    return this.#isUp && this.#isRead && this.#filled === this.background.length && queued === 0 && blocked === 0 && isAtRest && this.store.of(ENDPOINT).length === 0 && this.isSafe;
  }

  /** True if the tracker's position is past all deliveries. */
  get isSafe(): boolean {
    return this.#isRead && this.tracker.open === 0;
  }

  get #isRead(): boolean {
    return this.#next === this.deliveries.length;
  }

  /** Offers one more delivery, which nothing speaks against. */
  offerCanary(): Delivery {
    const [first] = this.deliveries;
    if (first === undefined) throw new Error('no delivery');
    const canary = { ...first, id: 'canary', row: undefined, sequence: { commitLsn: 1_000_000n, ordinal: 0, nth: 0 } };
    this.#offered = canary;
    this.queue.offer(canary);
    return canary;
  }

  /** For a failed expectation. */
  describe(): string {
    return JSON.stringify({
      now: this.#time.now, run: this.run, next: this.#next, open: this.tracker.open, state: this.queue.state,
      stored: this.store.of(ENDPOINT).length, dead: this.store.dead.size, received: this.received.size, requests: this.#requests.size,
    });
  }

  /** Starts the process on what is stored. */
  async start(): Promise<void> {
    const { script } = this;
    const run = ++this.run;
    this.#isUp = false;
    this.tracker = new Tracker(this.#checkpoint);
    const { tracker } = this;
    const tickets = new Map<number, Delivery>();
    this.#next = this.deliveries.findIndex(({ sequence }) => sequence.commitLsn >= this.#checkpoint.lsn);
    if (this.#next < 0) this.#next = this.deliveries.length;
    this.#budget = new Budget({ in_flight: script.inFlight, memory: 1 << 30 }, () => undefined, () => undefined);
    this.writer = new Writer(this.store, { onError: () => undefined, onRecovered: () => undefined, onFenced: () => undefined });
    const queue = new EndpointQueue({
      endpoint: this.#endpoint,
      attempt: {
        single: (delivery, done) => this.#request([delivery], (outcome) => run === this.run && done(outcome)),
        batch: this.#batches(() => run === this.run),
      },
      store: this.store,
      writer: this.writer,
      budget: this.#budget,
      tickets: {
        take: () => {
          const ticket = tracker.take();
          if (this.#offered !== null) tickets.set(ticket, this.#offered);
          return ticket;
        },
        settle: (ticket) => {
          this.#checkSettled(tickets.get(ticket));
          tickets.delete(ticket);
          tracker.settle(ticket);
        },
      },
      share: Math.floor(script.inFlight / 2),
      neighbours: true,
      stored: 8 * 1024 * 1024,
      events: { onOutcome: () => undefined, onBuried: () => undefined, onNotice: () => undefined, onOverflow: () => undefined, onUnreadable: () => undefined, onSkipped: () => undefined, onGivenUp: () => undefined, onCaughtUp: () => undefined, onEnough: () => undefined, onMore: () => undefined },
    });
    this.queue = queue;
    this.#chunk.clear();
    this.#settled.clear();
    this.#isDraining = false;
    try {
      this.#drainFrom = await queue.restore();
    } catch {
      // As a daemon that cannot start: it is started again.
      this.#later(100, () => void this.crash());
      return;
    }
    if (run !== this.run) return;
    this.#isUp = true;
    this.#reached(this.#checkpoint.lsn);
    this.#later(CHECKPOINT, () => this.#saveCheckpoint());
    this.#later(STRAGGLER_INTERVAL, () => this.#parkLate(new Stragglers(script.concurrency * (script.batch ?? 1))));
    this.#later(0, () => this.#offer());
    this.#later(0, () => this.#backfill());
  }

  /** A chunk is read once the one before is over; after a crash it is read again, and its place in the stream is behind all that was parked before. */
  #backfill(): void {
    if (!this.#isUp) return;
    const rows = this.background.slice(this.#filled, this.#filled + 8);
    if (rows.every(({ id }) => this.#settled.has(id))) this.#filled += rows.length;
    else if (!rows.some(({ id }) => this.#chunk.has(id)) && this.#isRead && this.queue.takesBackground && !this.#budget.full) this.#offerChunk(rows);
    if (this.#filled < this.background.length) this.#later(this.#random() * 20, () => this.#backfill());
  }

  /** Where the stream is. */
  #offerChunk(rows: readonly Delivery[]): void {
    const before = this.deliveries[this.#next - 1]?.sequence.commitLsn ?? 0n;
    const run = this.run;
    this.#chunk = new Map(rows.map((row, i) => [row.id, { ...row, sequence: { commitLsn: before + 3n, ordinal: this.#ordinal + i, nth: 0 } }]));
    // Chunks that take one place in the stream are counted on.
    this.#ordinal += rows.length;
    for (const delivery of this.#chunk.values()) {
      const settled = (): void => {
        if (run !== this.run) return;
        this.#check(!this.#settled.has(delivery.id), `${delivery.id} was settled twice`);
        this.#checkSettled(delivery);
        this.#settled.add(delivery.id);
      };
      if (this.#isBuried(delivery)) this.queue.bury(delivery, { failure: 'expression', status: null, message: '', response: '' }, settled);
      else this.queue.offer(delivery, settled);
    }
  }

  #parkLate(stragglers: Stragglers): void {
    const late = stragglers.look(this.tracker);
    if (late > 0) this.queue.parkLate(late);
    this.#later(STRAGGLER_INTERVAL, () => this.#parkLate(stragglers));
  }

  /** What a person does, and what the stragglers' watch may do at any time. */
  meddle(what: 'pause' | 'resume' | 'refresh' | 'late'): void {
    if (!this.#isUp) return;
    const failed = (): void => undefined;
    if (what === 'late') this.queue.parkLate(this.tracker.lowest + Math.floor(this.#random() * (this.tracker.next - this.tracker.lowest + 1)));
    else if (what === 'refresh') this.queue.refresh().catch(failed);
    else this.queue[what]('by hand').catch(failed);
  }

  /** Kills the process: what is under way takes effect or does not; then it starts again. */
  async crash(): Promise<void> {
    this.#cutOff();
    this.queue.close({ spill: AbortSignal.abort(), abandon: AbortSignal.abort() }).catch(() => undefined); // by a writer that is stopped
    const stored = new Set(this.store.of(ENDPOINT).map(({ delivery }) => delivery.id));
    this.#mayComeAgain = new Set(
      this.deliveries.filter(({ id, sequence }) => sequence.commitLsn >= this.#checkpoint.lsn || stored.has(id)).map(({ id }) => id),
    );
    await this.start();
  }

  /** Lets go in good order, as a worker does when partitions are dealt anew, and goes on where that has come to: only what hung may come again. */
  async handOver(): Promise<void> {
    if (!this.#isUp) return;
    const { run, queue, tracker } = this;
    this.#isUp = false;
    queue.untouched.forget(tracker.untouchedFrom(new Set(queue.untouched.tickets)));
    const [spill, abandon] = [new AbortController(), new AbortController()];
    const mayComeAgain = new Set([...this.#mayComeAgain].filter((id) => this.received.get(id)?.includes(run) !== true));
    this.#later(100, () => spill.abort());
    this.#later(200, () => {
      for (const { id } of [...this.#requests].flat()) mayComeAgain.add(id);
      abandon.abort();
    });
    await queue.close({ spill: spill.signal, abandon: abandon.signal }).catch(() => undefined);
    // Or it was killed meanwhile.
    if (run !== this.run) return;
    this.#cutOff();
    this.#checkpoint = tracker.safe;
    this.#mayComeAgain = mayComeAgain;
    await this.start();
  }

  #cutOff(): void {
    this.run++;
    for (const timer of this.#timers) clearTimeout(timer as NodeJS.Timeout);
    this.#timers = [];
    this.store.interrupt(() => this.#random() < 0.5);
    for (const deliveries of this.#requests) {
      if (this.#random() < 0.5) for (const delivery of deliveries) this.#receive(delivery);
    }
    this.#requests.clear();
    this.writer.stop();
    // One that was closing sends nothing more.
    this.queue.abandon();
  }

  #offer(): void {
    if (!this.#isUp) return;
    for (let burst = Math.ceil(this.#random() * 6); burst > 0 && !this.#budget.full; burst--) {
      const delivery = this.deliveries[this.#next];
      if (delivery === undefined) return;
      this.#next++;
      this.#offered = delivery;
      if (this.#isBuried(delivery)) this.queue.bury(delivery, { failure: 'expression', status: null, message: '', response: '' });
      else this.queue.offer(delivery);
      const lsn = delivery.sequence.commitLsn + 5n;
      this.tracker.mark({ lsn, within: null });
      this.#reached(lsn);
    }
    if (this.#budget.full) this.queue.relieve();
    this.#later(this.#random() * 8, () => this.#offer());
  }

  /** The stream has been read up to here: once it is past what was parked, that may be read back. */
  #reached(lsn: Lsn): void {
    if (this.#isDraining || (this.#drainFrom !== null && lsn <= this.#drainFrom)) return;
    this.#isDraining = true;
    this.queue.startDraining();
  }

  /** Batches as the daemon makes them. What they are made of is prepared first: that takes a while, may fail, and tells what a draft becomes. */
  #batches(isAlive: () => boolean): BatchAttempt {
    const joined = new WeakMap<Delivery, readonly Delivery[]>();
    const attempt = batchAttempt({
      bytes: 1000,
      prepare: (send) => (delivery, done, rendered) => {
        this.#later(this.#random() * 5, () => {
          if (!isAlive()) return;
          const { request, body, row, sequence } = delivery;
          if (row !== undefined && this.#random() < this.script.flaky) return done({ ...FAILED, failure: 'enrich', status: null });
          if (request.contentType !== DRAFT) return send(delivery, done, rendered);
          const made = { request: { ...request, path: `/${sequence.ordinal % 3}`, contentType: 'application/json' }, body: body.padEnd((sequence.ordinal % 4) * 200) };
          if (rendered(made)) send({ ...delivery, ...made }, done, rendered);
        });
      },
      join: (deliveries) => {
        const one = { ...deliveries[0] };
        joined.set(one, deliveries);
        return one;
      },
      send: (one, done) => {
        if (!isAlive()) return;
        const deliveries = joined.get(one) ?? [];
        this.#check(new Set(deliveries.map(({ request }) => request.path)).size === 1, 'different requests in a batch');
        this.#check(deliveries.every(({ request }) => request.contentType !== DRAFT), 'a draft is sent');
        this.#check(deliveries.length === 1 || deliveries.reduce((sum, { body }) => sum + body.length, 0) <= 1000, 'a request is too large');
        this.#request(deliveries, (outcome) => isAlive() && done(outcome));
      },
    });
    return (batch, watch) => {
      this.#check(batch.length <= (this.script.batch ?? 1), `${batch.length} deliveries in a batch`);
      this.#check(batch.length === 1 || batch.reduce((sum, { body }) => sum + body.length, 0) <= 1000, 'a batch is too large');
      attempt(batch, watch);
    };
  }

  #request(deliveries: readonly Delivery[], done: (outcome: Outcome) => void): void {
    const { script } = this;
    this.#check(this.#requests.size < script.concurrency, `more than ${script.concurrency} requests at a time`);
    for (const other of [...this.#requests].flat()) this.#check(deliveries.every(({ lane }) => other.lane !== lane), `two requests in lane ${other.lane}`);
    this.#check(this.queue.state.queued <= script.inFlight + 6 + 40 * (script.batch ?? 1), `${this.queue.state.queued} deliveries in memory`);
    this.#requests.add(deliveries);
    this.#later(this.#random() * script.slowest, () => {
      this.#requests.delete(deliveries);
      done(this.#outcome(deliveries));
    });
  }

  #outcome(deliveries: readonly Delivery[]): Outcome {
    const isCanary = deliveries.some(({ id }) => id === 'canary');
    if (!isCanary) {
      if (isWithin(this.script.outages, this.#time.now)) return this.#random() < 0.2 ? { ...FAILED, status: 429, retryAfter: 50 } : { ...FAILED, status: 503 };
      const { poison } = this.script;
      if (poison > 0 && deliveries.some(({ sequence }) => sequence.ordinal % poison === 1)) return { ...FAILED, status: 422 };
      if (this.#random() < this.script.flaky) return { ...FAILED, status: this.#random() < 0.5 ? 500 : 400 };
    }
    for (const delivery of deliveries) this.#receive(delivery);
    return { kind: 'delivered', status: 200, disable: false, ms: 1 };
  }

  #receive(delivery: Delivery): void {
    const { id, lane } = delivery;
    const stored = this.store.parked.get(keyOf(ENDPOINT, id))?.delivery;
    // A row of the backfill that an earlier run stored has its place there.
    const sequence = (stored ?? delivery).sequence;
    const isRow = id.startsWith('row_');
    const runs = this.received.get(id) ?? [];
    if (runs.length === 0) {
      for (const earlier of this.deliveries) {
        if (!isBefore(earlier.sequence, sequence)) break;
        if (earlier.lane !== lane || this.#isBuried(earlier)) continue;
        const isOver = this.received.has(earlier.id) || this.store.dead.has(keyOf(ENDPOINT, earlier.id));
        this.#check(isOver, `${id} came before ${earlier.id} of the same lane`);
      }
      for (const earlier of isRow ? [] : this.#chunk.values()) {
        if (earlier.lane !== lane || !isBefore(earlier.sequence, sequence) || this.#isBuried(earlier)) continue;
        const isOver = this.received.has(earlier.id) || this.store.dead.has(keyOf(ENDPOINT, earlier.id));
        this.#check(isOver, `${id} came before ${earlier.id} of the same lane`);
      }
    } else if (isRow) {
      this.#check(this.run > 1, `${id} came twice without a crash`);
    } else {
      this.#check(!runs.includes(this.run), `${id} came twice without a crash`);
      this.#check(this.#mayComeAgain.has(id), `${id} came again, though it was below the checkpoint and not in the store`);
    }
    this.received.set(id, [...runs, this.run]);
  }

  #checkSettled(delivery: Delivery | undefined): void {
    if (delivery === undefined) return this.#check(false, 'a ticket was settled twice');
    const key = keyOf(ENDPOINT, delivery.id);
    const isKept = this.received.has(delivery.id) || this.store.parked.has(key) || this.store.dead.has(key);
    this.#check(isKept, `${delivery.id} was settled, but is neither delivered nor durable`);
  }

  #saveCheckpoint(): void {
    const { safe } = this.tracker;
    const run = this.run;
    this.#later(this.#random() * 10, () => {
      if (run !== this.run) return;
      for (const { id, sequence } of this.deliveries) {
        if (sequence.commitLsn >= safe.lsn) break;
        const key = keyOf(ENDPOINT, id);
        const isKept = this.received.has(id) || this.store.parked.has(key) || this.store.dead.has(key);
        this.#check(isKept, `the checkpoint is past ${id}, which is lost`);
      }
      this.#checkpoint = safe;
      this.#later(CHECKPOINT, () => this.#saveCheckpoint());
    });
  }

  #delivery(i: number): Delivery {
    return {
      id: `evt_${i}`,
      request: { hook: 'h', endpoint: ENDPOINT, method: 'POST', path: i % 7 === 3 ? '/other' : '/', contentType: i % 11 === 5 ? DRAFT : 'application/json', headers: NO_HEADERS },
      lane: Math.floor(this.#random() * this.script.lanes),
      sequence: { commitLsn: 1000n + 10n * BigInt(i), ordinal: i, nth: 0 },
      operation: 'data_insert',
      table: 'public.t',
      body: i % 9 === 4 ? 'x'.repeat(700) : '{}',
      // What has a cooldown is made ready by itself in a batch.
      row: i % 5 === 0 ? 'row' : undefined,
      bytes: this.#random() < 0.1 ? 1000 : 100,
      committedAt: 0,
    };
  }

  #isBuried({ sequence }: Delivery): boolean {
    return this.script.buried > 0 && sequence.ordinal % this.script.buried === 2;
  }

  #wait(slowest: number): Promise<void> | void {
    if (slowest === 0) return;
    return new Promise((resolve) => this.#later(this.#random() * slowest, resolve));
  }

  #later(ms: number, call: () => void): void {
    this.#timers.push(ms < 1 ? setImmediate(call) : setTimeout(call, ms));
  }

  #check(holds: boolean, rule: string): void {
    if (!holds && this.violations.length < 5) this.violations.push(`at ${this.#time.now}: ${rule}`);
  }
}

function isBefore(a: Sequence, b: Sequence): boolean {
  return a.commitLsn < b.commitLsn || (a.commitLsn === b.commitLsn && a.ordinal < b.ordinal);
}

function isWithin(windows: readonly Window[], now: number): boolean {
  return windows.some(([from, to]) => now >= from && now < to);
}

/** A small generator of random numbers from a seed (public domain). */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}
