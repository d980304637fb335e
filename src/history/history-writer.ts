import type { Logger } from 'pino';
import { WalhookError } from '../errors.ts';
import type { AttemptStore, KeptAttempt } from '../kept-attempts.ts';
import type { AttemptRing } from './attempt-ring.ts';

/** How often what came is written, in milliseconds. */
const INTERVAL = 250;
/** In one statement. */
const MOST_ROWS = 500;
const MOST_BYTES = 1024 * 1024;
/** How long after a failure it is tried again. */
const PATIENCE = 2_000;
/** How often days are made and dropped. */
const TEND_INTERVAL = 3_600_000;
/** How often what could not be kept is told. */
const TELL_INTERVAL = 60_000;

export interface HistoryWriterOptions {
  readonly ring: AttemptRing;
  readonly store: AttemptStore;
  readonly log: Logger;
  /** Milliseconds. */
  readonly keep: number;
  readonly bodies: boolean;
}

/**
 * Writes attempts to the store, beside the way of the data: it reads them from the ring, where they are anyway. If the store takes
 * nothing for so long that the ring comes round, what was there is lost, counted and told; nothing ever waits for it.
 */
export class HistoryWriter {
  readonly #options: HistoryWriterOptions;
  #next: number;
  #dropped = 0;
  #untold = 0;
  #toldAt = Number.NEGATIVE_INFINITY;
  #failing = false;
  #retryAt = 0;
  #tendAt = 0;
  /** The days were made ahead once. */
  #hasDays = false;
  #isOver = false;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;

  constructor(options: HistoryWriterOptions) {
    this.#options = options;
    this.#next = options.ring.next;
  }

  /** Attempts that are lost, since it began. */
  get dropped(): number {
    return this.#dropped;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      const now = performance.now();
      if (now >= this.#retryAt && (this.#next < this.#options.ring.next || now >= this.#tendAt)) void this.flush();
    }, INTERVAL).unref();
  }

  /** Writes what is there. Never rejects: what is not written now is tried again. */
  flush(): Promise<void> {
    this.#writing ??= this.#write().finally(() => (this.#writing = null));
    return this.#writing;
  }

  /** Writes what is there, for the last time. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    // What is under way began before the last attempts ended.
    await this.#writing;
    if (!this.#isOver) await this.flush();
    this.#isOver = true;
    this.#tell(true);
  }

  async #write(): Promise<void> {
    if (this.#isOver) return;
    const { ring, store, log } = this.#options;
    try {
      const untended = await this.#tend();
      const end = ring.next;
      while (this.#next < end && !this.#isOver) {
        const { batch, next } = this.#batch(end);
        await this.#save(store, batch);
        this.#next = Math.max(this.#next, next);
      }
      if (untended !== null) {
        this.#failed(untended.reason);
      } else {
        if (this.#failing) log.info('the history is written again');
        this.#failing = false;
      }
    } catch (error) {
      this.#failed(error);
    }
    this.#tell(false);
  }

  /** Why it could not be done now, where it can be written all the same: the days to come are there, and a reader has a lock on an old one. */
  async #tend(): Promise<{ readonly reason: unknown } | null> {
    const now = performance.now();
    if (now < this.#tendAt) return null;
    const { store, log, keep } = this.#options;
    try {
      const dropped = await store.tend(keep);
      this.#tendAt = now + TEND_INTERVAL;
      this.#hasDays = true;
      if (dropped > 0) log.info({ days: dropped }, 'days of the history were dropped, as history of the configuration says');
      return null;
    } catch (error) {
      if (!this.#hasDays || (error instanceof WalhookError && error.code === 'fenced')) throw error;
      return { reason: error };
    }
  }

  /** The next attempts, and where the ones behind them begin. */
  #batch(end: number): { readonly batch: KeptAttempt[]; readonly next: number } {
    const { ring, bodies } = this.#options;
    const batch: KeptAttempt[] = [];
    if (this.#next < ring.first) this.#lose(ring.first - this.#next);
    let next = Math.max(this.#next, ring.first);
    this.#next = next;
    for (let bytes = 0; next < end && batch.length < MOST_ROWS && bytes < MOST_BYTES; next++) {
      const kept = ring.get(next);
      if (kept === null) continue;
      batch.push(bodies ? kept : { ...kept, body: null });
      bytes += kept.body?.length ?? 0;
    }
    return { batch, next };
  }

  async #save(store: AttemptStore, batch: readonly KeptAttempt[]): Promise<void> {
    try {
      await store.save(batch);
    } catch (error) {
      // It will not be taken the next time either.
      if (!(error instanceof WalhookError && error.code === 'state_refused')) throw error;
      this.#options.log.warn({ err: error, attempts: batch.length }, 'a part of the history is refused by the state database');
      this.#lose(batch.length);
      // It may be that its day is not there.
      this.#tendAt = 0;
      this.#hasDays = false;
    }
  }

  #failed(error: unknown): void {
    if (error instanceof WalhookError && error.code === 'fenced') this.#isOver = true;
    else if (!this.#failing) this.#options.log.warn({ err: error }, 'the history cannot be written, or its old days cannot be dropped: it is tried again, and deliveries do not wait for it');
    this.#failing = true;
    this.#retryAt = performance.now() + PATIENCE;
  }

  #lose(count: number): void {
    this.#dropped += count;
    this.#untold += count;
  }

  #tell(isLast: boolean): void {
    const now = performance.now();
    if (this.#untold === 0 || (!isLast && now < this.#toldAt + TELL_INTERVAL)) return;
    this.#options.log.warn({ attempts: this.#untold }, 'the history has a gap: the state database did not take it in time');
    this.#untold = 0;
    this.#toldAt = now;
  }
}
