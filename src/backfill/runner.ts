import type { Lsn } from '../lsn.ts';
import { codeOf, sqlState } from '../reaction.ts';
import type { ChunkSize } from './chunk-size.ts';
import { Pending } from './pending.ts';
import type { BackfillStore, StoredBackfill, StoredKey } from './port.ts';
import type { Snapshot } from './snapshot.ts';
import { passes, reasonOf } from './setback.ts';
import { estimated, Speed } from './speed.ts';
import type { StreamPlace, StreamWindows } from './stream-windows.ts';
import type { ChunkWindow } from './window.ts';

/** Milliseconds until what stands in the way is looked at again, and until what failed is tried again. */
const LOOK_AGAIN = 100;
const RETRY = 1_000;
/** How long a read may take at first, and, where its few rows are hard to find, in the end; in milliseconds. */
const FIRST_TIMEOUT = 60_000;
const LONGEST_TIMEOUT = 3_600_000;
/** A chunk that was older than the stream is read again after so long at first, and at most, in milliseconds. */
const FIRST_TORN = 20;
const LONGEST_TORN = 1_000;
/** So often in a row that it is worth a word. */
const OFTEN_TORN = 3;

/** After so many milliseconds without a mark it is asked whether it can still come. */
const LATE = 10_000;

/** Where and how much to read. */
export interface ChunkRequest {
  readonly number: number;
  readonly after: StoredKey | null;
  readonly again: readonly StoredKey[];
  readonly rows: number;
  readonly bytes: number;
  /** Milliseconds until the read is given up. */
  readonly timeout: number;
}

/** A chunk that has been read, with what its rows have become. */
export interface BuiltChunk {
  /** What tells each of its rows: see RowIdentity. */
  readonly identities: readonly string[];
  readonly snapshot: Snapshot;
  /** Transactions that the snapshot does not see, and that may have been in the stream longer ago than is remembered. */
  readonly doubtful: readonly number[];
  readonly high: Lsn;
  /** The key of its last row, rows that were read again aside; null if there is none. */
  readonly last: StoredKey | null;
  readonly isLast: boolean;
  /** Its bytes were too many for more rows. */
  readonly isFull: boolean;
  /** Rows that were read, without those that were read again. */
  readonly count: number;
  keyOf(row: number): StoredKey;
  /**
   * Sends rows. Gives how many of them became deliveries, and how many deliveries there are: `settled` is called once for each, never
   * within the call.
   */
  offer(rows: readonly number[], place: StreamPlace, settled: () => void): { readonly rows: number; readonly deliveries: number };
}

/** The table of a backfill, as one run reads it. */
export interface ChunkSource {
  /** See AwaitedChunk. */
  readonly columns: readonly string[];
  /** False where the WAL cannot be marked: then the window is as wide as the stream is behind. */
  readonly marks: boolean;
  /** Marks the WAL, unless it cannot be, and reads. Throws as Postgres does, and `table_altered` if it must be opened anew. */
  read(request: ChunkRequest): Promise<BuiltChunk>;
  /** The chunk's high mark. */
  markEnd(chunk: number): Promise<void>;
  /** Where the WAL ends now. */
  end(): Promise<Lsn>;
  /** How many rows there are, as the planner thinks. Throws a WalhookError `backfill_no_key` if some have no key, and would be left out. */
  survey(): Promise<number>;
}

export interface RunnerOptions {
  readonly backfill: StoredBackfill;
  /** Tells this process: see Mark. */
  readonly run: string;
  readonly windows: StreamWindows;
  readonly store: BackfillStore;
  readonly size: ChunkSize;
  /** Opens the table, once it is first read and whenever it was altered. Throws if it cannot be read any more. */
  readonly open: () => Promise<ChunkSource>;
  /** Why nothing may be handed over now; null if it may. */
  readonly obstacle: () => string | null;
  /** It has ended, and that is stored. Not called after `stop`. */
  readonly onEnd: (state: 'done' | 'failed', reason: string | null) => void;
}

type Ended = { readonly kind: 'handed'; readonly again: readonly StoredKey[] } | { readonly kind: 'torn' | 'crowded' | 'obstructed' };

/** Sends the rows of one backfill, chunk by chunk, until it is done or stopped. */
export class Runner {
  readonly #options: RunnerOptions;
  readonly #pending: Pending;
  readonly #speed = new Speed();
  /** Those who wait for something, and no longer once it is stopped. */
  readonly #onStop = new Set<() => void>();
  #isStopped = false;
  #source: ChunkSource | null = null;
  /** Where the next chunk begins, and which rows it has to look at again. */
  #after: StoredKey | null;
  #again: readonly StoredKey[];
  #isLast = false;
  #chunks = 0;
  #rowsDone: number;
  #rowsSent: number;
  #estimate: number | null;
  /** Why it waits; null: it does not. */
  #waits: string | null = null;
  #paused: string | null = null;
  #torn = 0;
  #timeout = FIRST_TIMEOUT;
  /** No chunk before this moment: the rate. */
  #notBefore = 0;

  constructor(options: RunnerOptions) {
    const { backfill, store } = options;
    this.#options = options;
    this.#after = backfill.after;
    this.#again = backfill.again;
    this.#rowsDone = backfill.rowsDone;
    this.#rowsSent = backfill.rowsSent;
    this.#estimate = backfill.rowsEstimated;
    this.#paused = backfill.state === 'paused' ? (backfill.reason ?? '') : null;
    this.#pending = new Pending(backfill.id, store);
  }

  /** What it is doing, and how far it is. */
  get report(): { readonly isRunning: boolean; readonly waits: string | null; readonly rowsDone: number; readonly rowsSent: number; readonly rowsEstimated: number | null; readonly perSecond: number | null } {
    const now = performance.now();
    const isRunning = this.#paused === null && this.#waits === null;
    return {
      isRunning,
      waits: this.#waits,
      rowsDone: this.#rowsDone,
      rowsSent: this.#rowsSent,
      rowsEstimated: estimated(this.#estimate, { done: this.#rowsDone, isLast: this.#isLast }),
      perSecond: isRunning ? this.#speed.perSecond(now) : null,
    };
  }

  /** Reads nothing more until `resume`; what was handed over is sent. */
  pause(reason: string): void {
    this.#paused = reason;
    this.#speed.rest();
  }

  resume(): void {
    this.#paused = null;
  }

  /** `run` ends soon; what was handed over is sent. May be called twice, and before `run`. */
  stop(): void {
    this.#isStopped = true;
    for (const stopped of this.#onStop) stopped();
  }

  /** Resolves once it is stored how far it has come. */
  saved(): Promise<void> {
    return this.#pending.saved();
  }

  /** After `stop`: how far it comes is not stored any more. */
  forget(): void {
    this.#pending.close();
  }

  /** Resolves when it is done, has failed, or was stopped; never rejects. */
  async run(): Promise<void> {
    const { backfill, store, onEnd } = this.#options;
    let isStarted = backfill.startedAt !== null;
    while (!this.#isStopped) {
      try {
        if (this.#paused !== null || !(await this.#mayRead())) {
          await this.#wait(LOOK_AGAIN);
        } else if (this.#isLast && this.#again.length === 0) {
          await this.#orStopped(this.#pending.saved());
          if (this.#isStopped || !this.#pending.isEmpty) continue;
          await store.turn(backfill.id, 'done', null);
          return onEnd('done', null);
        } else {
          if (!isStarted) await store.turn(backfill.id, 'running', null);
          isStarted = true;
          await this.#chunk();
        }
      } catch (error) {
        if (await this.#failed(error)) return;
      }
    }
  }

  /** False if it has to wait, and `#waits` says for what, unless it is for its own deliveries. */
  async #mayRead(): Promise<boolean> {
    const obstacle = this.#options.obstacle();
    if (this.#torn < OFTEN_TORN) this.#waits = obstacle;
    if (obstacle !== null) {
      this.#speed.rest();
      return false;
    }
    // Towards the end, all of it has to be over.
    if (this.#isLast && this.#again.length === 0) await this.#orStopped(this.#pending.whenAtMost(0, 0));
    else await this.#orStopped(this.#pending.whenAtMost(1, 0.5));
    const wait = this.#notBefore - performance.now();
    if (wait > 0) await this.#wait(wait);
    return !this.#isStopped && this.#paused === null && this.#options.obstacle() === null;
  }

  async #chunk(): Promise<void> {
    const { size } = this.#options;
    const source = (this.#source ??= await this.#options.open());
    // Who stored it without asking, as resync does, left that to the first run.
    if (this.#estimate === null && this.#after === null) this.#estimate = await source.survey();
    if (this.#isStopped) return;
    const began = performance.now();
    const rows = size.rows;
    let chunk: BuiltChunk | null = null;
    const ended = await this.#between(source, async (number) => {
      chunk = await source.read({ number, after: this.#after, again: this.#again, rows, bytes: size.bytes, timeout: this.#timeout });
      return chunk;
    }, began);
    if (ended === null) return;
    if (ended.kind === 'handed' && chunk !== null) return this.#handed(chunk, ended.again, began);
    if (ended.kind === 'crowded') size.halve();
    if (ended.kind !== 'torn') return;
    this.#torn++;
    if (this.#torn >= OFTEN_TORN) this.#waits = 'transactions have committed that the database does not show yet: is a synchronous standby gone?';
    await this.#wait(Math.min(LONGEST_TORN, FIRST_TORN * 2 ** this.#torn));
  }

  /** Reads a chunk within a window of the stream. Gives what came of it; null if it was stopped. */
  async #between(source: ChunkSource, read: (number: number) => Promise<BuiltChunk>, began: number): Promise<Ended | null> {
    const { backfill, run, windows, obstacle } = this.#options;
    const number = ++this.#chunks;
    const end = Promise.withResolvers<Ended>();
    let built: BuiltChunk | null = null;
    const awaited = {
      backfill: backfill.id,
      run,
      chunk: number,
      hook: backfill.hook,
      table: backfill.table,
      columns: source.columns,
      onEnd: (window: ChunkWindow, place: StreamPlace): void => end.resolve(this.#merge({ window, place, chunk: built, began, isObstructed: obstacle() !== null })),
      onLost: (): void => end.resolve({ kind: 'obstructed' }),
    };
    let late: NodeJS.Timeout | undefined;
    const open = source.marks ? { cancel: windows.awaitMarks(awaited), endAt: null } : windows.openNow(awaited);
    try {
      built = await read(number);
      if (this.#isStopped) return null;
      if (open.endAt === null) {
        await source.markEnd(number);
        late = setTimeout(() => void source.end().then((lsn) => windows.marksComeBefore(awaited, lsn), end.reject), LATE);
      } else {
        open.endAt(built.high);
      }
      return await this.#orStopped(end.promise);
    } finally {
      clearTimeout(late);
      open.cancel();
    }
  }

  #merge({ window, place, chunk, began, isObstructed }: { readonly window: ChunkWindow; readonly place: StreamPlace; readonly chunk: BuiltChunk | null; readonly began: number; readonly isObstructed: boolean }): Ended {
    if (this.#isStopped || this.#paused !== null || isObstructed || chunk === null) return { kind: 'obstructed' };
    const merged = window.merge(chunk.identities, chunk.snapshot, chunk.doubtful);
    if (merged.kind !== 'merged') return merged;
    const pending = this.#pending.begin();
    const offered = chunk.offer(merged.send, place, () => pending.settled());
    const again = merged.again.map((row) => chunk.keyOf(row));
    this.#rowsDone += chunk.count;
    this.#rowsSent += offered.rows;
    this.#after = chunk.last ?? this.#after;
    this.#again = again;
    this.#isLast = chunk.isLast;
    this.#estimate = estimated(this.#estimate, { done: this.#rowsDone, isLast: chunk.isLast });
    const progress = { after: this.#after, again, rowsDone: this.#rowsDone, rowsSent: this.#rowsSent, rowsEstimated: this.#estimate };
    if (chunk.isFull) this.#options.size.filled(chunk.count);
    const isWhole = chunk.count >= this.#options.size.rows && !chunk.isFull;
    pending.handed(offered.deliveries, progress, () => {
      if (isWhole) this.#options.size.took(performance.now() - began);
    });
    return { kind: 'handed', again };
  }

  #handed(chunk: BuiltChunk, again: readonly StoredKey[], began: number): void {
    const { rate } = this.#options.backfill;
    this.#torn = 0;
    this.#waits = null;
    this.#speed.sample(this.#rowsDone, performance.now());
    if (rate !== null) this.#notBefore = Math.max(this.#notBefore, began) + (1000 * (chunk.count + again.length)) / rate;
  }

  /** True if that is the end of it. */
  async #failed(error: unknown): Promise<boolean> {
    const { backfill, size, store, onEnd } = this.#options;
    this.#source = null;
    if (this.#isStopped || codeOf(error) === 'fenced') return true;
    // The statement took too long: it may not, for fewer rows. Where hardly any match, fewer are no help.
    if (sqlState(error) === '57014') {
      size.halve();
      this.#timeout = Math.min(LONGEST_TIMEOUT, 2 * this.#timeout);
    }
    const reason = reasonOf(error, backfill);
    if (passes(error, backfill)) {
      this.#speed.rest();
      if (codeOf(error) === 'table_altered') return false;
      this.#waits = reason;
      await this.#wait(RETRY);
      return false;
    }
    try {
      await store.turn(backfill.id, 'failed', reason);
    } catch {
      await this.#wait(RETRY);
      return false;
    }
    onEnd('failed', reason);
    return true;
  }

  #wait(ms: number): Promise<unknown> {
    const over = Promise.withResolvers<null>();
    const timer = setTimeout(() => over.resolve(null), ms);
    return this.#orStopped(over.promise).finally(() => clearTimeout(timer));
  }

  /** Null if it was stopped. (A race with one promise that lives on would keep all that ever ran against it.) */
  #orStopped<T>(promise: Promise<T>): Promise<T | null> {
    if (this.#isStopped) return Promise.resolve(null);
    return new Promise((resolve, reject) => {
      const stopped = (): void => resolve(null);
      this.#onStop.add(stopped);
      promise.then(resolve, reject).finally(() => this.#onStop.delete(stopped));
    });
  }
}
