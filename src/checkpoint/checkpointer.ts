import { performance } from 'node:perf_hooks';
import type { Lsn } from '../lsn.ts';
import type { Position } from '../position.ts';
import type { CheckpointStore } from './port.ts';

export interface CheckpointerOptions {
  readonly store: CheckpointStore;
  /** What is safe now. */
  readonly safe: () => Position;
  /** Called only after the position has been stored. */
  readonly confirm: (lsn: Lsn) => void;
  /** Called for each save that fails; it is tried again at the next look. */
  readonly onError: (error: unknown) => void;
  /** A save has succeeded after some that failed. */
  readonly onRecovered: () => void;
  /** The position that is stored already. */
  readonly start: Position;
  /** How often to look, in milliseconds. */
  readonly interval: number;
}

/** While nothing is delivered the LSN still advances, because others write. It is stored at most so often, in milliseconds. */
const IDLE_STORE = 1_000;
/**
 * An advance of fewer bytes over nothing of ours is not stored by itself. Storing it writes WAL too, some 600 bytes of
 * it, which would be the next advance: on an idle database that would go on for ever.
 */
const SMALL_ADVANCE = 2_048n;

/**
 * Stores the safe position, then confirms its LSN to Postgres: by time, never by event. Nothing is ever confirmed that
 * is not stored, so a slot that is further than what is stored was moved by somebody else.
 */
export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #timer: NodeJS.Timeout | null = null;
  #saving: Promise<void> | null = null;
  #stored: Position;
  #storedAt = Number.NEGATIVE_INFINITY;
  /** True if deliveries were settled since the position was stored. */
  #delivered = false;
  #failing = false;

  constructor(options: CheckpointerOptions) {
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
    if (!this.#delivered && safe.within === null && !this.#isDue(safe)) return;
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

  /** Of an advance over nothing of ours: whether it is worth a write. */
  #isDue({ lsn }: Position): boolean {
    return lsn - this.#stored.lsn >= SMALL_ADVANCE && performance.now() - this.#storedAt >= IDLE_STORE;
  }

  async #save(position: Position): Promise<void> {
    this.#delivered = false;
    try {
      await this.#options.store.save(position);
    } catch (error) {
      this.#delivered = true;
      throw error;
    }
    this.#stored = position;
    this.#storedAt = performance.now();
    this.#options.confirm(position.lsn);
  }
}
