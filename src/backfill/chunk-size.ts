const FEWEST = 50;
const MOST = 5_000;
const FIRST = 500;
/** How long a chunk should take to be read and delivered, in milliseconds. */
const QUICK = 100;
const SLOW = 250;
/** Of these while the stream has deliveries to make: all that is done for a chunk at once should be done in a millisecond. */
const MOST_BESIDE = 50;
/** Bytes of a chunk's rows at most. */
const MOST_BYTES = 8 * 1024 * 1024;

export interface ChunkLimits {
  /** `limits.in_flight` and `limits.memory` of the configuration. */
  readonly in_flight: number;
  readonly memory: number;
  /** Deliveries that come of a row. */
  readonly fanOut: number;
  /** Rows a second; null: as many as go. */
  readonly rate: number | null;
  /** True while the stream has deliveries to make. Default: never. */
  readonly isHurried?: () => boolean;
}

/** How many rows are read at a time: as many as are delivered in a blink, so that little is lost when one has to be read again. */
export class ChunkSize {
  readonly bytes: number;
  readonly #most: number;
  readonly #isHurried: () => boolean;
  #rows: number;

  constructor({ in_flight, memory, fanOut, rate, isHurried = () => false }: ChunkLimits) {
    this.#isHurried = isHurried;
    // Two chunks, and what comes with the stream, have room.
    this.bytes = Math.max(1, Math.min(MOST_BYTES, Math.floor(memory / 8)));
    const perHalfSecond = rate === null ? MOST : Math.ceil(rate / 2);
    this.#most = Math.max(1, Math.min(MOST, perHalfSecond, Math.floor(in_flight / (4 * Math.max(1, fanOut)))));
    this.#rows = Math.min(FIRST, this.#most);
  }

  get rows(): number {
    return this.#isHurried() ? Math.min(MOST_BESIDE, this.#rows) : this.#rows;
  }

  /** A whole chunk took so long, in milliseconds. */
  took(ms: number): void {
    if (ms < QUICK) this.#set(this.#rows * 2);
    else if (ms > SLOW) this.#set(this.#rows * Math.max(0.5, SLOW / ms));
  }

  /** So many rows have filled a chunk by their bytes: more would be read in vain. */
  filled(rows: number): void {
    this.#rows = Math.max(1, Math.min(this.#rows, rows));
  }

  /** Too many of its rows were changed meanwhile, or it took too long to find them. */
  halve(): void {
    this.#set(this.#rows / 2);
  }

  #set(rows: number): void {
    this.#rows = Math.max(Math.min(FEWEST, this.#most), Math.min(this.#most, Math.round(rows)));
  }
}
