import { performance } from 'node:perf_hooks';
import type { CheckpointStore } from './port.ts';

export interface CheckpointerOptions<P> {
  readonly store: CheckpointStore<P>;
  /** What is safe now. */
  readonly safe: () => P;
  /** Called only after the position has been stored. */
  readonly confirm: (position: P) => void;
  /** Called for each save that fails; it is tried again at the next look. */
  readonly onError: (error: unknown) => void;
  /** A save has succeeded after some that failed. */
  readonly onRecovered: () => void;
  /** The position that is stored already. */
  readonly start: P;
  /** Of an advance over nothing of ours, `age` milliseconds after the last save: whether it is worth a write. */
  readonly isWorthIt: (safe: P, stored: P, age: number) => boolean;
  /** How often to look, in milliseconds. */
  readonly interval: number;
}

/**
 * Stores the safe position, then confirms it to Postgres: by time, never by event. Nothing is ever confirmed that
 * is not stored, so a slot that is further than what is stored was moved by somebody else.
 */
export class Checkpointer<P> {
  readonly #options: CheckpointerOptions<P>;
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> | null = null;
  #stored: P;
  #storedAt = Number.NEGATIVE_INFINITY;
  /** True if deliveries were settled since the position was stored. */
  #delivered = false;
  #failing = false;

  constructor(options: CheckpointerOptions<P>) {
    this.#options = options;
    this.#stored = options.start;
  }

  start(): void {
    this.#timer ??= setInterval(() => void this.#tick(), this.#options.interval);
  }

  /** Says that the way to the next safe position leads over deliveries, so that it has to be stored. */
  delivered(): void {
    this.#delivered = true;
  }

  /** Stores what is safe now, confirms it and stops. Throws if it cannot be stored. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    await this.#saving?.catch(() => undefined);
    const safe = this.#options.safe();
    if (safe !== this.#stored) await this.#save(safe);
  }

  async #tick(): Promise<void> {
    if (this.#saving !== null) return;
    const safe = this.#options.safe();
    if (safe === this.#stored) return;
    if (!this.#delivered && !this.#options.isWorthIt(safe, this.#stored, performance.now() - this.#storedAt)) return;
    this.#saving = this.#save(safe);
    try {
      await this.#saving;
      if (this.#failing) this.#options.onRecovered();
      this.#failing = false;
    } catch (error) {
      this.#failing = true;
      this.#options.onError(error);
    } finally {
      this.#saving = null;
    }
  }

  async #save(position: P): Promise<void> {
    this.#delivered = false;
    try {
      await this.#options.store.save(position);
    } catch (error) {
      this.#delivered = true;
      throw error;
    }
    this.#stored = position;
    this.#storedAt = performance.now();
    this.#options.confirm(position);
  }
}
