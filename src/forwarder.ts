import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Delivery } from './delivery.ts';
import type { EndpointStatus } from './endpoint-status.ts';
import type { EngineRecord, Producer } from './engine/port.ts';
import { type EngineStatus, idleEngine } from './engine-status.ts';
import { RecordWriter } from './engine/record.ts';
import { TooLarge } from './engine/too-large.ts';
import { EndpointSigner } from './format/endpoint-signer.ts';
import type { History } from './history/history.ts';
import type { Lsn } from './lsn.ts';
import type { Notice } from './notice.ts';
import type { Outlet, OutletQueue } from './outlet.ts';
import { BackgroundPace } from './queue/background-pace.ts';
import { Budget } from './queue/budget.ts';
import type { CloseSignals } from './queue/closing.ts';
import { Holder } from './queue/holder.ts';
import type { Tickets } from './queue/in-flight.ts';
import { type Condition, type Failure, type Held, type ParkingStore, WELL } from './queue/port.ts';
import { Writer } from './queue/writer.ts';

/** Characters of records that go to the broker at once, in all and to one partition: Kafka takes 1 MiB for one by default (max.message.bytes), and a character may be three bytes. */
const MOST_AT_ONCE = 4_000_000;
const MOST_TO_PARTITION = 300_000;
/** What a record has besides key, value and header, in bytes: an estimate. */
const OVERHEAD = 64;
/** Backfills rest while more than this part of the memory is taken: what the broker does not take must not be all theirs. */
const BACKGROUND_PART = 0.5;

export interface ForwarderOptions {
  readonly config: Config;
  readonly partitions: number;
  readonly log: Logger;
  readonly producer: Producer;
  readonly store: ParkingStore;
  readonly tickets: Tickets;
  /** Nothing more should be read until `onRelief`. */
  readonly onFull: () => void;
  readonly onRelief: () => void;
  readonly onHeld: (held: Held) => void;
  readonly onNotice: (notice: Notice) => void;
  /** It can go on no more: what is in memory is to be read from the slot again. */
  readonly onBroken: (error: unknown) => void;
  readonly history: Pick<History, 'buried'> | null;
}

/** A delivery on its way to the broker. */
interface Item {
  readonly delivery: Delivery;
  /** Why it cannot be sent: the worker makes a dead letter of it. */
  readonly failure: Failure | null;
  /** Null if it is of a backfill, and `settled` is told. */
  readonly ticket: number | null;
  readonly settled: (() => void) | null;
}

/**
 * The way to the engine: each delivery becomes a record of its topic, and is in flight until the broker has it. As long as
 * the broker takes nothing, memory fills, reading rests, and no LSN is confirmed.
 *
 * One call to the broker at a time: what comes meanwhile makes the next one, so that batches grow with the load, and
 * nothing can overtake what failed.
 */
export class Forwarder implements Outlet {
  readonly queues: ReadonlyMap<string, OutletQueue>;
  readonly budget: Budget;
  readonly pace = new BackgroundPace();
  /** For rotations, which are stored: nothing is signed here. */
  readonly signers: ReadonlyMap<string, EndpointSigner>;
  readonly #options: ForwarderOptions;
  readonly #records: RecordWriter;
  readonly #writer: Writer;
  readonly #holder: Holder;
  readonly #conditions = new Map<string, Condition>();
  readonly #forwarded = new Map<string, number>();
  #pending: Item[] = [];
  /** Of `#pending`, those that are with the broker's client already. */
  #taken = 0;
  #isPumping = false;
  #isOver = false;
  #storeError: string | null = null;
  readonly #idle: (() => void)[] = [];

  constructor(options: ForwarderOptions) {
    const { config, store, tickets, onHeld } = options;
    this.#options = options;
    this.#records = new RecordWriter(options.partitions);
    this.budget = new Budget(config.limits, options.onFull, options.onRelief);
    this.#writer = new Writer(store, {
      onError: (error) => void (this.#storeError = error instanceof Error ? error.message : String(error)),
      onRecovered: () => void (this.#storeError = null),
      onFenced: options.onBroken,
    });
    this.#holder = new Holder({ writer: this.#writer, budget: this.budget, tickets, onHeld });
    this.signers = new Map(config.endpoints.flatMap(({ name, signing }) => (signing === null ? [] : [[name, new EndpointSigner(signing.secrets)] as const])));
    this.queues = new Map(config.endpoints.map(({ name }) => [name, this.#queue(name)]));
  }

  get problems(): string[] {
    const { problem } = this.#options.producer;
    return [...(problem === null ? [] : [problem]), ...(this.#storeError === null ? [] : [`the state database fails: ${this.#storeError}`])];
  }

  /** `delivered` is not known here: what the broker has is no delivery yet. */
  get status(): EndpointStatus[] {
    const queued = new Map<string, number>();
    for (const { delivery: { request: { endpoint } } } of this.#pending) queued.set(endpoint, (queued.get(endpoint) ?? 0) + 1);
    return this.#options.config.endpoints.map(({ name }) => {
      const { state, reason, probeIn, failingFor } = this.#conditionOf(name);
      return {
        name,
        queued: queued.get(name) ?? 0,
        mode: 'direct',
        condition: state,
        reason,
        breaker: probeIn === null ? 'closed' : 'open',
        probe_in: probeIn,
        failing_for: failingFor,
        slowed: false,
        delivered: 0,
        skipped: 0,
        failed_attempts: 0,
        last_error: null,
      };
    });
  }

  get engine(): EngineStatus | null {
    const kafka = this.#options.config.engine?.kafka;
    if (kafka === undefined) return null;
    const forwarded = [...this.#forwarded.values()].reduce((sum, count) => sum + count, 0);
    return { ...idleEngine(kafka, 'tail'), forwarded, problem: this.#options.producer.problem };
  }

  /** What is parked is the workers' affair, so nothing has to be waited for. */
  async restore(): Promise<Lsn | null> {
    for (const { name } of this.#options.config.endpoints) this.#conditions.set(name, await this.#options.store.condition(name));
    return null;
  }

  startDraining(): void {}

  hold(held: Held): void {
    this.#holder.hold(held);
  }

  /** Stored for the workers, which look at it each second. */
  pause(endpoint: string, reason: string): Promise<void> | null {
    return this.#remember(endpoint, (now) => ({ ...now, state: 'paused', reason }));
  }

  resume(endpoint: string): Promise<void> | null {
    return this.#remember(endpoint, () => WELL);
  }

  /** Breakers are the workers' own: there is none here that could be probed. */
  probe(endpoint: string): boolean | null {
    return this.queues.has(endpoint) ? false : null;
  }

  detail(endpoint: string): { readonly inUse: number; readonly blocked: number; readonly lastFailure: null } | null {
    return this.queues.has(endpoint) ? { inUse: 0, blocked: 0, lastFailure: null } : null;
  }

  /** Whatever changes what is stored tells the workers of it, in the state. */
  refresh(endpoint: string): Promise<void> | null {
    return this.queues.has(endpoint) ? Promise.resolve() : null;
  }

  /** Resolves once the broker has all, or `abandon` says that it is not waited for: that is read from the slot again. */
  async close({ abandon }: CloseSignals): Promise<void> {
    if (this.#pending.length > 0) {
      await new Promise<void>((resolve) => {
        this.#idle.push(resolve);
        if (abandon.aborted) resolve();
        abandon.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    this.#isOver = true;
    await this.#writer.flushed();
  }

  async abort(): Promise<void> {
    this.#isOver = true;
    this.#writer.stop();
    this.pace.stop();
    await this.#options.producer.close();
  }

  #queue(name: string): OutletQueue {
    const takesBackground = (): boolean => !this.#isOver && this.budget.part(this.budget.deliveries, this.budget.bytes) < BACKGROUND_PART;
    const state = () => ({ condition: this.#conditionOf(name), mode: 'direct' as const, blocked: 0 });
    return {
      offer: (delivery, settled) => this.#enter(delivery, null, settled),
      bury: (delivery, failure, settled) => this.#enter(delivery, failure, settled),
      get takesBackground() {
        return takesBackground();
      },
      get state() {
        return state();
      },
      hear: (said) => void this.#conditions.set(name, { ...this.#conditionOf(name), ...said }),
      refresh: () => Promise.resolve(),
    };
  }

  #conditionOf(endpoint: string): Condition {
    return this.#conditions.get(endpoint) ?? WELL;
  }

  #remember(endpoint: string, change: (now: Condition) => Condition): Promise<void> | null {
    if (!this.queues.has(endpoint)) return null;
    const { store } = this.#options;
    return (async () => {
      const next = change(await store.condition(endpoint));
      await store.remember(endpoint, next);
      this.#conditions.set(endpoint, next);
    })();
  }

  #enter(delivery: Delivery, failure: Failure | null, settled: (() => void) | null = null): void {
    if (settled === null) this.pace.live();
    this.budget.add(delivery.bytes);
    this.#pending.push({ delivery, failure, ticket: settled === null ? this.#options.tickets.take() : null, settled });
    if (this.#isPumping) return;
    this.#isPumping = true;
    // What else the same read of the socket brings goes with it.
    setImmediate(() => void this.#pump());
  }

  async #pump(): Promise<void> {
    while (this.#pending.length > 0 && !this.#isOver) {
      const records = this.#next();
      const isProduced = await this.#produce(records);
      if (!isProduced) return;
    }
    this.#isPumping = false;
    for (const told of this.#idle.splice(0)) told();
  }

  /** The records of the first pending ones that go at once: `#taken` of them. */
  #next(): EngineRecord[] {
    const records: EngineRecord[] = [];
    const sizes = new Map<number, number>();
    let all = 0;
    for (const { delivery, failure } of this.#pending) {
      const record = this.#records.write(delivery, failure);
      const size = record.value.length + record.header.length + OVERHEAD;
      const inPartition = (sizes.get(record.partition) ?? 0) + size;
      all += size;
      // One that is too large by itself goes alone.
      if (records.length > 0 && (all > MOST_AT_ONCE || inPartition > MOST_TO_PARTITION)) break;
      sizes.set(record.partition, inPartition);
      records.push(record);
    }
    this.#taken = records.length;
    return records;
  }

  /** False if it is over: what was to be produced may or may not be with the broker. */
  async #produce(records: readonly EngineRecord[]): Promise<boolean> {
    const { producer } = this.#options;
    const tooLarge = new Set<number>();
    try {
      await producer.produce(records);
    } catch (error) {
      if (this.#isOver) return false;
      if (!(error instanceof TooLarge)) {
        // The producer tries again whatever may pass; this is none of it, and going on would lose what was not taken.
        this.#options.onBroken(error);
        return false;
      }
      for (const index of error.indexes) {
        tooLarge.add(index);
        this.#bury(this.#pending[index], error);
      }
    }
    const taken = this.#pending.splice(0, this.#taken);
    this.#taken = 0;
    taken.forEach((item, index) => {
      if (tooLarge.has(index)) return;
      const { endpoint } = item.delivery.request;
      this.#forwarded.set(endpoint, (this.#forwarded.get(endpoint) ?? 0) + 1);
      this.#settle(item);
    });
    return true;
  }

  /** A dead letter, made here: no worker will ever see it. */
  #bury(item: Item | undefined, { message, hint }: TooLarge): void {
    if (item === undefined) return;
    const { delivery } = item;
    const { id, request: { endpoint, hook } } = delivery;
    const failure: Failure = { failure: 'too_large', status: null, message, response: '' };
    this.#options.log.error({ endpoint, hook, id, hint }, `a delivery is too large for the engine, and dead: ${message}`);
    this.#options.history?.buried(delivery);
    this.#options.onNotice({ type: 'delivery.dead', endpoint, hook, id, reason: message });
    this.#writer.bury({ delivery, attempts: 0, failure }, () => this.#settle(item));
  }

  #settle({ delivery, ticket, settled }: Item): void {
    this.budget.remove(delivery.bytes);
    if (ticket !== null) this.#options.tickets.settle(ticket);
    settled?.();
  }
}
