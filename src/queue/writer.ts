import { WalhookError } from '../errors.ts';
import type { Burial, Condition, Failure, Held, Parking, ParkingStore, Remembered, Settlement } from './port.ts';

/** How many operations go into one transaction at most, and after how many bytes of bodies it ends. */
const BATCH = 2_000;
const BATCH_BYTES = 8 * 1024 * 1024;
/**
 * Between two transactions, so long what comes is gathered, in milliseconds, unless so much has come or somebody waits for it: an
 * endpoint that is down must not make a transaction of each event, beside those of the application.
 */
const GATHER = 20;
const ENOUGH = 100;
/** Waiting time after a failure of the store, in milliseconds: doubled each time up to the longest. */
const FIRST_WAIT = 100;
const LONGEST_WAIT = 5_000;

type Operation = { readonly done: () => void } & (
  | { readonly kind: 'park'; readonly parking: Parking }
  | { readonly kind: 'bury'; readonly burial: Burial }
  | { readonly kind: 'hold'; readonly held: Held }
  | { readonly kind: 'delivered'; readonly endpoint: string; readonly id: string }
  | {
      readonly kind: 'failed';
      readonly endpoint: string;
      readonly failed: Settlement['failed'][number];
    }
  | { readonly kind: 'dead'; readonly endpoint: string; readonly dead: Settlement['dead'][number] }
  | { readonly kind: 'remember'; readonly endpoint: string; readonly condition: Condition; readonly what: Remembered }
);

export interface WriterEvents {
  /** A batch could not be written; it is tried again. */
  readonly onError: (error: unknown) => void;
  /** Another daemon has taken over: nothing more can be written, and the writer has stopped. */
  readonly onFenced: (error: Error) => void;
  /** A batch that had failed is durable. */
  readonly onRecovered: () => void;
}

interface Waiter {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: WalhookError) => void;
}

/**
 * Writes to the store, in order and in batches: whatever came while the last batch was written, and shortly after, makes the next one.
 * A batch is tried until it is durable; each operation says when it is. All of them may be repeated.
 */
export class Writer {
  readonly #store: ParkingStore;
  readonly #events: WriterEvents;
  #pending: Operation[] = [];
  /** Operations handed in, and operations that are durable. */
  #taken = 0;
  #durable = 0;
  #waiters: Waiter[] = [];
  #writing = false;
  /** Why nothing more is written; null while it is. */
  #ended: WalhookError | null = null;
  /** Begins the next batch; null if none is to come, or one is under way. */
  #next: { readonly timer: NodeJS.Timeout; readonly now: () => void } | null = null;
  /** When the last batch ended, of performance.now(). */
  #lastEnd = Number.NEGATIVE_INFINITY;
  /** When the batch under way was begun, of performance.now(); null if none is. */
  #begun: number | null = null;
  #retry: { readonly timer: NodeJS.Timeout; readonly now: () => void } | null = null;

  constructor(store: ParkingStore, events: WriterEvents) {
    this.#store = store;
    this.#events = events;
  }

  park(parking: Parking, done: () => void): void {
    this.#take({ kind: 'park', parking, done });
  }

  bury(burial: Burial, done: () => void): void {
    this.#take({ kind: 'bury', burial, done });
  }

  hold(held: Held, done: () => void): void {
    this.#take({ kind: 'hold', held, done });
  }

  delivered(endpoint: string, id: string, done: () => void): void {
    this.#take({ kind: 'delivered', endpoint, id, done });
  }

  failed(endpoint: string, failed: Settlement['failed'][number], done: () => void): void {
    this.#take({ kind: 'failed', endpoint, failed, done });
  }

  dead(endpoint: string, dead: Settlement['dead'][number], done: () => void): void {
    this.#take({ kind: 'dead', endpoint, dead, done });
  }

  remember(endpoint: string, condition: Condition, what: Remembered): void {
    this.#take({ kind: 'remember', endpoint, condition, what, done: () => undefined });
  }

  /**
   * Resolves when all that was handed in before is durable.
   * @throws WalhookError `fenced` if another process has taken over before that, `stopping` after `stop`: it may be durable or not
   */
  flushed(): Promise<void> {
    if (this.#durable === this.#taken) return Promise.resolve();
    if (this.#ended !== null) return Promise.reject(this.#ended);
    this.#next?.now();
    return new Promise((resolve, reject) => this.#waiters.push({ upTo: this.#taken, resolve, reject }));
  }

  /** How long the batch under way has been tried, in milliseconds; 0 if none is. */
  waited(now: number): number {
    return this.#begun === null ? 0 : now - this.#begun;
  }

  /** Gives up what cannot be written: who waits for it is told. */
  stop(): void {
    this.#end(new WalhookError('this process lets go of what it delivers: what was asked for may not be stored', { code: 'stopping', hint: 'look at the status in a moment, and ask again' }));
    if (this.#next !== null) clearTimeout(this.#next.timer);
    if (this.#retry !== null) {
      clearTimeout(this.#retry.timer);
      this.#retry.now();
    }
  }

  #take(operation: Operation): void {
    this.#pending.push(operation);
    this.#taken++;
    if (this.#writing) return;
    if (this.#next === null) this.#gather();
    else if (this.#pending.length >= ENOUGH) this.#next.now();
  }

  #gather(): void {
    const begin = (): void => {
      if (this.#next !== null) clearTimeout(this.#next.timer);
      this.#next = null;
      this.#writing = true;
      // What comes in the same turn of the event loop goes into the same batch.
      setImmediate(() => void this.#write());
    };
    const wait = this.#lastEnd + GATHER - performance.now();
    if (wait <= 0) begin();
    else this.#next = { timer: setTimeout(begin, wait), now: begin };
  }

  async #write(): Promise<void> {
    do {
      const batch = this.#nextBatch();
      this.#begun = performance.now();
      await this.#writeBatch(batch);
      if (this.#ended !== null) return;
      this.#begun = null;
      this.#durable += batch.length;
      for (const operation of batch) operation.done();
      this.#wakeWaiters();
    } while (this.#pending.length >= ENOUGH || this.#waiters.length > 0);
    this.#writing = false;
    this.#lastEnd = performance.now();
    if (this.#pending.length > 0) this.#gather();
  }

  #nextBatch(): Operation[] {
    let count = 0;
    for (let bytes = 0; count < Math.min(BATCH, this.#pending.length) && bytes < BATCH_BYTES; count++) {
      bytes += bytesOf(this.#pending[count]);
    }
    return this.#pending.splice(0, count);
  }

  async #writeBatch(batch: readonly Operation[]): Promise<void> {
    let failed = false;
    for (let wait = FIRST_WAIT; this.#ended === null; wait = Math.min(wait * 2, LONGEST_WAIT)) {
      try {
        await this.#persist(batch);
        if (failed) this.#events.onRecovered();
        return;
      } catch (error) {
        if (error instanceof WalhookError && error.code === 'fenced') {
          this.#end(error);
          this.#events.onFenced(error);
          return;
        }
        failed = true;
        this.#events.onError(error);
        await new Promise<void>((resolve) => {
          this.#retry = { timer: setTimeout(resolve, wait), now: resolve };
        });
        this.#retry = null;
      }
    }
  }

  /** One that is not taken must not keep the others: it is looked for, and written without what its endpoint said. */
  async #persist(batch: readonly Operation[]): Promise<void> {
    try {
      await this.#writeOnce(batch);
    } catch (error) {
      if (!(error instanceof WalhookError && error.code === 'state_refused')) throw error;
      if (batch.length === 1) return this.#writeOnce(batch.map(plain));
      const half = Math.ceil(batch.length / 2);
      await this.#persist(batch.slice(0, half));
      await this.#persist(batch.slice(half));
    }
  }

  async #writeOnce(batch: readonly Operation[]): Promise<void> {
    await this.#store.park(batch.flatMap((operation) => (operation.kind === 'park' ? [operation.parking] : [])));
    await this.#store.bury(batch.flatMap((operation) => (operation.kind === 'bury' ? [operation.burial] : [])));
    await this.#store.hold(batch.flatMap((operation) => (operation.kind === 'hold' ? [operation.held] : [])));
    for (const settlement of settlements(batch)) await this.#store.settle(settlement);
    for (const [endpoint, { condition, what }] of conditions(batch)) await this.#store.remember(endpoint, condition, what);
  }

  #end(why: WalhookError): void {
    this.#ended ??= why;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(this.#ended);
  }

  #wakeWaiters(): void {
    const ready = this.#waiters.filter((waiter) => waiter.upTo <= this.#durable);
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => waiter.upTo > this.#durable);
    for (const waiter of ready) waiter.resolve();
  }
}

function bytesOf(operation: Operation | undefined): number {
  if (operation?.kind === 'park') return operation.parking.delivery.bytes;
  return operation?.kind === 'bury' ? operation.burial.delivery.bytes : 0;
}

/** The batch's settlements, one for each endpoint. */
function settlements(batch: readonly Operation[]): Settlement[] {
  const byEndpoint = new Map<string, { delivered: string[]; failed: Settlement['failed'][number][]; dead: Settlement['dead'][number][] }>();
  const of = (endpoint: string) => {
    let lists = byEndpoint.get(endpoint);
    if (!lists) byEndpoint.set(endpoint, (lists = { delivered: [], failed: [], dead: [] }));
    return lists;
  };
  for (const operation of batch) {
    if (operation.kind === 'delivered') of(operation.endpoint).delivered.push(operation.id);
    else if (operation.kind === 'failed') of(operation.endpoint).failed.push(operation.failed);
    else if (operation.kind === 'dead') of(operation.endpoint).dead.push(operation.dead);
  }
  return [...byEndpoint].map(([endpoint, lists]) => ({ endpoint, ...lists }));
}

/** The last condition of each endpoint, with all that was news on the way. */
function conditions(batch: readonly Operation[]): Map<string, { readonly condition: Condition; readonly what: Remembered }> {
  const last = new Map<string, { readonly condition: Condition; readonly what: Remembered }>();
  for (const operation of batch) {
    if (operation.kind !== 'remember') continue;
    const { endpoint, condition, what } = operation;
    last.set(endpoint, { condition, what: last.get(endpoint)?.what === 'all' ? 'all' : what });
  }
  return last;
}

/** With ASCII alone in what the other side has said: a database of another encoding than UTF-8 takes no more. */
function plain(operation: Operation): Operation {
  switch (operation.kind) {
    case 'park':
      return { ...operation, parking: { ...operation.parking, failure: operation.parking.failure && plainFailure(operation.parking.failure) } };
    case 'bury':
      return { ...operation, burial: { ...operation.burial, failure: plainFailure(operation.burial.failure) } };
    case 'failed':
      return { ...operation, failed: { ...operation.failed, failure: operation.failed.failure && plainFailure(operation.failed.failure) } };
    case 'dead':
      return { ...operation, dead: { ...operation.dead, failure: plainFailure(operation.dead.failure) } };
    case 'remember':
      return { ...operation, condition: { ...operation.condition, reason: operation.condition.reason && ascii(operation.condition.reason) } };
    default:
      return operation;
  }
}

function plainFailure(failure: Failure): Failure {
  return { ...failure, message: ascii(failure.message), response: ascii(failure.response) };
}

function ascii(text: string): string {
  return text.replace(/[^\t\n -~]/g, '?');
}
