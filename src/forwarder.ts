import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Delivery } from './delivery.ts';
import type { EndpointStatus } from './endpoint-status.ts';
import type { EngineRecord, Parcel, Producer } from './engine/port.ts';
import { type EngineStatus, idleEngine } from './engine-status.ts';
import { DeliveryReader, RecordWriter } from './engine/record.ts';
import type { TooLarge } from './engine/too-large.ts';
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

/** What a Forwarder has done for an endpoint. */
interface Count {
  /** Deliveries that the broker does not have yet. */
  queued: number;
  forwarded: number;
}

/**
 * The way to the engine: each delivery becomes a record of its topic, and is in flight until the broker has it. As long as
 * the broker takes nothing, memory fills, reading rests, and no LSN is confirmed.
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
  readonly #counts: ReadonlyMap<string, Count>;
  readonly #reader = new DeliveryReader();
  /** Deliveries that the broker does not have yet. */
  #queued = 0;
  #isOver = false;
  #storeError: string | null = null;
  readonly #idle: (() => void)[] = [];
  readonly #landing: Landing = {
    taken: (parcel) => {
      parcel.facts.count.forwarded++;
      this.#settle(parcel);
    },
    tooLarge: (parcel, record, error) => this.#bury(parcel, record, error),
  };

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
    this.#counts = new Map(config.endpoints.map(({ name }) => [name, { queued: 0, forwarded: 0 }]));
    this.queues = new Map([...this.#counts].map(([name, count]) => [name, this.#queue(name, count)]));
  }

  get problems(): string[] {
    const { problem } = this.#options.producer;
    return [...(problem === null ? [] : [problem]), ...(this.#storeError === null ? [] : [`the state database fails: ${this.#storeError}`])];
  }

  /** `delivered` is not known here: what the broker has is no delivery yet. */
  get status(): EndpointStatus[] {
    return this.#options.config.endpoints.map(({ name }) => {
      const { state, reason, probeIn, failingFor } = this.#conditionOf(name);
      return {
        name,
        queued: this.#counts.get(name)?.queued ?? 0,
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
    const forwarded = [...this.#counts.values()].reduce((sum, count) => sum + count.forwarded, 0);
    return { ...idleEngine(kafka, 'tail'), forwarded, problem: this.#options.producer.problem };
  }

  /** What is parked is the workers' affair, so nothing has to be waited for. */
  async restore(): Promise<Lsn | null> {
    for (const { name } of this.#options.config.endpoints) this.#know(name, await this.#options.store.condition(name));
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
    if (this.#queued > 0) {
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

  #queue(name: string, count: Count): OutletQueue {
    const takesBackground = (): boolean => !this.#isOver && this.budget.part(this.budget.deliveries, this.budget.bytes) < BACKGROUND_PART;
    const state = () => ({ condition: this.#conditionOf(name), mode: 'direct' as const, blocked: 0 });
    return {
      offer: (delivery, settled) => this.#enter(delivery, null, { count, settled: settled ?? null }),
      bury: (delivery, failure, settled) => this.#enter(delivery, failure, { count, settled: settled ?? null }),
      get takesBackground() {
        return takesBackground();
      },
      get state() {
        return state();
      },
      hear: (said) => this.#know(name, { ...this.#conditionOf(name), ...said }),
      refresh: () => Promise.resolve(),
    };
  }

  #conditionOf(endpoint: string): Condition {
    return this.#conditions.get(endpoint) ?? WELL;
  }

  /** Whether it is sent to. How it does is the workers' to tell: here it would be what it was once. */
  #know(endpoint: string, { state, reason }: Pick<Condition, 'state' | 'reason'>): void {
    this.#conditions.set(endpoint, { ...WELL, state, reason });
  }

  #remember(endpoint: string, change: (now: Condition) => Condition): Promise<void> | null {
    if (!this.queues.has(endpoint)) return null;
    const { store } = this.#options;
    return (async () => {
      const next = change(await store.condition(endpoint));
      await store.remember(endpoint, next);
      this.#know(endpoint, next);
    })();
  }

  #enter(delivery: Delivery, failure: Failure | null, { count, settled }: { readonly count: Count; readonly settled: (() => void) | null }): void {
    if (settled === null) this.pace.live();
    this.budget.add(delivery.bytes);
    this.#queued++;
    count.queued++;
    const ticket = settled === null ? this.#options.tickets.take() : null;
    this.#options.producer.add(this.#records.write(delivery, failure), new Underway(this.#landing, { bytes: delivery.bytes, count, ticket, settled }));
  }

  /** A dead letter, made here: no worker will ever see it. */
  #bury(parcel: Underway, record: EngineRecord, { message, hint }: TooLarge): void {
    const { delivery } = this.#reader.reread(record);
    const { id, request: { endpoint, hook } } = delivery;
    const failure: Failure = { failure: 'too_large', status: null, message, response: '' };
    this.#options.log.error({ endpoint, hook, id, hint }, `a delivery is too large for the engine, and dead: ${message}`);
    this.#options.history?.buried(delivery);
    this.#options.onNotice({ type: 'delivery.dead', endpoint, hook, id, reason: message });
    this.#writer.bury({ delivery, attempts: 0, failure }, () => this.#settle(parcel));
  }

  #settle({ facts: { bytes, count, ticket, settled } }: Underway): void {
    this.#queued--;
    count.queued--;
    this.budget.remove(bytes);
    if (ticket !== null) this.#options.tickets.settle(ticket);
    settled?.();
    if (this.#queued === 0) for (const told of this.#idle.splice(0)) told();
  }
}

/** Where a delivery's way to the engine ends. */
interface Landing {
  taken(parcel: Underway): void;
  tooLarge(parcel: Underway, record: EngineRecord, error: TooLarge): void;
}

/** What is kept of a delivery until the broker has it. */
class Underway implements Parcel {
  readonly facts: {
    readonly bytes: number;
    readonly count: Count;
    /** Null if it is of a backfill, and `settled` is told. */
    readonly ticket: number | null;
    readonly settled: (() => void) | null;
  };
  readonly #landing: Landing;

  constructor(landing: Landing, facts: Underway['facts']) {
    this.#landing = landing;
    this.facts = facts;
  }

  taken(): void {
    this.#landing.taken(this);
  }

  tooLarge(record: EngineRecord, error: TooLarge): void {
    this.#landing.tooLarge(this, record, error);
  }
}
