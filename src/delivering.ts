import type { Logger } from 'pino';
import { Checkpointer } from './checkpoint/checkpointer.ts';
import { Tracker } from './checkpoint/tracker.ts';
import type { Config } from './config.ts';
import { DeliveredHistory } from './delivered-history.ts';
import type { Delivery } from './delivery.ts';
import type { Fate } from './dispatcher.ts';
import { abandon, drain } from './draining.ts';
import { EndpointWatch } from './endpoint-watch.ts';
import type { Assignment, ReadRecord } from './engine/port.ts';
import type { History } from './history/history.ts';
import { Leased } from './leased.ts';
import { type Lsn, NO_LSN } from './lsn.ts';
import type { Notice } from './notice.ts';
import type { Outcome } from './outcome.ts';
import type { Outlet } from './outlet.ts';
import { codeOf } from './reaction.ts';
import type { RecordStages, Way } from './record-stages.ts';
import { Rotating } from './rotating.ts';
import type { Tracer } from './tracing/tracer.ts';
import { Troubles } from './troubles.ts';
import type { Generation, WorkerState } from './worker-state.ts';

/** How often offsets are committed, in milliseconds. */
const CHECKPOINT_INTERVAL = 500;
/** How often offsets are committed that have nothing of ours before them, in milliseconds. */
const IDLE_COMMIT = 1_000;
/** Offsets are marked after so many records: what a crash sends again besides what was in flight. */
const MARK_EVERY = 16;
/** How often it is looked what people did elsewhere, in milliseconds. */
const WATCH_INTERVAL = 1_000;

/** How far each part has been read: the offset that is next. */
type Offsets = readonly bigint[];

export interface DeliveringOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly assignment: Assignment;
  readonly way: Way;
  readonly state: WorkerState;
  readonly tracer: Tracer | null;
  readonly history: History | null;
  readonly onNotice: (notice: Notice) => void;
  readonly onOutcome: ((delivery: Delivery, outcome: Outcome, fate: Fate) => void) | null;
  /** Somebody else has what was assigned, as the group, the state or the clock tell. */
  readonly onLost: (reason: Error) => void;
}

/** What a worker does with one assignment: from its records to the endpoints, and the offsets back to the group. */
export class Delivering {
  readonly outlet: Outlet;
  readonly rotating: Rotating;
  readonly generation: Generation;
  readonly delivered: DeliveredHistory | null;
  readonly #options: DeliveringOptions;
  readonly #tracker: Tracker<Offsets>;
  readonly #checkpointer: Checkpointer<Offsets>;
  readonly #records: RecordStages;
  readonly #leased: Leased;
  readonly #watch: EndpointWatch;
  readonly #troubles = new Troubles();
  readonly #next: bigint[];
  /** The parts that have not come to where they ended when they were assigned. */
  readonly #behind: Set<number>;
  /** Those of them from which something may still come that belongs before what is parked, which commits up to `#drainFrom`. */
  readonly #toCome: Set<number>;
  #drainFrom: Lsn = NO_LSN;
  #isDraining = false;
  #isOver = false;

  constructor(options: DeliveringOptions) {
    const { config, log, assignment, way, state, tracer, history, onNotice, onOutcome } = options;
    const { parts, start, end } = assignment;
    this.#options = options;
    this.#next = [...start];
    this.#behind = new Set([...parts.keys()].filter((part) => (start[part] ?? 0n) < (end[part] ?? 0n)));
    this.#toCome = new Set(this.#behind);
    this.generation = state.generation(way.owned(assignment));
    void this.generation.fenced.then((error) => this.#lose(error));
    this.#leased = new Leased({ lease: assignment, onOver: () => this.#lose(new Error('the group has not answered for as long as its session lasts')) });
    // 8 checkpoint
    this.#tracker = new Tracker<Offsets>(start);
    this.#checkpointer = new Checkpointer<Offsets>({
      store: { save: (next) => assignment.commit(next) },
      safe: () => this.#tracker.safe,
      confirm: () => undefined,
      start,
      isWorthIt: (_safe, _stored, age) => age >= IDLE_COMMIT,
      interval: CHECKPOINT_INTERVAL,
      onError: (error) => this.#commitFailed(error),
      onRecovered: () => this.#commitRecovered(),
    });
    // what is made of records, 6 queue, 7 deliver: the only ones that may throw, so that nothing else has begun
    const stages = way.stages({
      assignment,
      generation: this.generation,
      log,
      tracer,
      history,
      onNotice,
      onOutcome,
      before: (send) => this.#leased.attempt(send),
      tickets: {
        take: () => this.#tracker.take(),
        settle: (ticket) => {
          this.#tracker.settle(ticket);
          this.#checkpointer.delivered();
        },
      },
      progress: () => this.#tracker,
      onFull: () => assignment.pause(),
      onRelief: () => assignment.resume(),
      onFenced: () => undefined, // `fenced` tells of every write that is refused
      onBroken: (error) => this.#lose(error instanceof Error ? error : new Error(String(error))),
    });
    this.outlet = stages.outlet;
    this.#records = stages.records;
    this.delivered = history === null ? null : new DeliveredHistory({ config, history, state: this.generation, log, isKept: true, delivers: way.delivers });
    this.rotating = new Rotating({ endpoints: config.endpoints, store: this.generation.rotations, signers: this.outlet.signers, log });
    this.#watch = new EndpointWatch({ marks: () => state.marks(), queues: this.outlet.queues, store: this.generation.parking, rotating: this.rotating, interval: WATCH_INTERVAL, log });
  }

  get problems(): string[] {
    return [...this.#troubles.sentences, ...(this.#leased.isResting ? ['deliveries rest: the group does not answer'] : []), ...this.outlet.problems];
  }

  /** When what was read last was committed, in Unix milliseconds; null if nothing is left to read, as far as is known. */
  get committedAt(): number | null {
    return this.#behind.size === 0 || this.#records.committedAt === 0 ? null : this.#records.committedAt;
  }

  async begin(): Promise<void> {
    const { assignment } = this.#options;
    await this.generation.takeOver(() => assignment.leaseUntil);
    await this.#watch.look();
    await this.rotating.restore();
    this.#drainFrom = (await this.outlet.restore()) ?? NO_LSN;
    if (this.#isOver) return;
    this.#checkpointer.start();
    this.delivered?.start();
    this.#watch.start();
    this.#look();
    assignment.read((part, records, next) => this.#read(part, records, next));
  }

  /**
   * Leaves what it has not begun to who reads it next, sends what it can of the rest for a part of `patience` milliseconds, parks what is left
   * of that, and commits.
   * @throws WalhookError as `drain`
   */
  async end(patience: number): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.assignment.halt();
    this.#watch.stop();
    this.#leave();
    try {
      await drain({ ...this.#parts(), shutdown: patience, log: this.#options.log, fenced: this.generation.fenced });
    } finally {
      this.#leased.stop();
    }
  }

  /** What waits need not be stored: who reads from here on brings it again. But not what others that came later have overtaken, for those would be sent again. */
  #leave(): void {
    const waiting = [...this.outlet.queues.values()].flatMap(({ untouched }) => untouched ?? []);
    const from = this.#tracker.untouchedFrom(new Set(waiting.flatMap(({ tickets }) => tickets)));
    for (const untouched of waiting) untouched.forget(from);
  }

  /** At once: others have it, and send what is in memory here. */
  async drop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.assignment.halt();
    this.#watch.stop();
    this.#leased.stop();
    await abandon(this.#parts());
  }

  #parts() {
    const dispatcher = this.outlet;
    const reading = { lookBack: () => Promise.resolve(), stop: () => Promise.resolve() };
    const release = async (): Promise<void> => {
      await this.delivered?.close();
      await this.generation.release();
    };
    return { reading, dispatcher, checkpointer: this.#checkpointer, release };
  }

  #read(part: number, records: readonly ReadRecord[], next: bigint): void {
    if (this.#isOver) return;
    try {
      for (let first = 0; first < records.length; first += MARK_EVERY) {
        const some = records.slice(first, first + MARK_EVERY);
        if (this.#records.read(part, some) > this.#drainFrom) this.#toCome.delete(part);
        this.#mark(part, (some.at(-1)?.offset ?? 0n) + 1n);
      }
    } catch (error) {
      // It would come again and again, and what was handed on before it too.
      return this.#lose(error instanceof Error ? error : new Error(String(error)));
    }
    this.#mark(part, next);
    this.#look();
  }

  #mark(part: number, next: bigint): void {
    this.#next[part] = next;
    this.#tracker.mark([...this.#next]);
    if (next < (this.#options.assignment.end[part] ?? 0n)) return;
    this.#behind.delete(part);
    this.#toCome.delete(part);
  }

  /** Parked deliveries are read back once nothing can come any more that belongs before them. */
  #look(): void {
    if (this.#isDraining || (this.#drainFrom !== NO_LSN && this.#toCome.size > 0)) return;
    this.#isDraining = true;
    this.outlet.startDraining();
  }

  #lose(reason: Error): void {
    if (!this.#isOver) this.#options.onLost(reason);
  }

  /** It is tried again at every interval: only the first failure is news. */
  #commitFailed(error: unknown): void {
    if (codeOf(error) === 'fenced' && error instanceof Error) return this.#lose(error);
    const sentence = `offsets cannot be committed: ${error instanceof Error ? error.message : String(error)}`;
    if (this.#troubles.begin('commit', sentence)) this.#options.log.error(sentence);
  }

  #commitRecovered(): void {
    this.#troubles.end('commit');
    this.#options.log.info('offsets are committed again');
  }
}
