/** With fewer ready than this there is more to read. */
const ENOUGH = 500;
/** What is ready will be sent within this time, in milliseconds; longer than this nobody waits for an endpoint that is well. */
const SOON = 200;

export interface ReadAheadOptions {
  /** Deliveries that go in a request. */
  readonly batch: number;
  /** There is enough to send for the moment: reading may rest. */
  readonly onEnough: () => void;
  /** Reading should go on. Follows each `onEnough`. */
  readonly onMore: () => void;
}

/**
 * Lets reading rest while an endpoint that is well has plenty to send. What waits in memory for longer than it must only makes garbage
 * collection dear: each delivery is copied at every turn of it. An endpoint that would take longer over what it has rests nobody:
 * the others must get theirs meanwhile.
 */
export class ReadAhead {
  readonly #options: ReadAheadOptions;
  readonly #enough: number;
  #resting: NodeJS.Timeout | null = null;

  constructor(options: ReadAheadOptions) {
    this.#options = options;
    this.#enough = ENOUGH + 4 * options.batch;
  }

  /** One more is ready. `perSecond`: asked only if it matters. */
  grown(ready: number, perSecond: () => number): void {
    if (ready < this.#enough || this.#resting !== null) return;
    if (ready > (perSecond() * SOON) / 1000) return;
    this.#resting = setTimeout(() => this.#goOn(), SOON);
    this.#options.onEnough();
  }

  /** Fewer are ready. */
  shrunk(ready: number): void {
    if (this.#resting !== null && ready < this.#enough / 2) this.#goOn();
  }

  stop(): void {
    if (this.#resting !== null) clearTimeout(this.#resting);
    this.#resting = null;
  }

  #goOn(): void {
    this.stop();
    this.#options.onMore();
  }
}
