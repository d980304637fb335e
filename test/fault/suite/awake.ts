import { now } from './child.ts';

/** A time in which this machine stood still: by `now`. */
export interface Sleep {
  readonly from: number;
  readonly until: number;
}

/** How often it looks, and what is no late look but a sleep, in milliseconds. */
const TICK = 100;
const SLEEP = 2_000;

/**
 * Counts the time in which this machine runs: a virtual one is stopped now and then, for a minute or more, and all its processes
 * with it, while its clocks go on. What is waited for has that much less time then.
 */
export class Awake {
  readonly sleeps: Sleep[] = [];
  readonly #timer: NodeJS.Timeout;
  #last = now();
  #slept = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), TICK);
    this.#timer.unref();
  }

  /** Milliseconds in which the machine ran, from some time on. */
  get ms(): number {
    return this.#last - this.#slept;
  }

  /** Resolves after so many milliseconds of them, or once the signal is aborted. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    const until = this.ms + ms;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => (this.ms >= until ? over() : undefined), TICK);
      const over = (): void => {
        clearInterval(timer);
        signal.removeEventListener('abort', over);
        resolve();
      };
      signal.addEventListener('abort', over);
      if (signal.aborted) over();
    });
  }

  /** Whether it slept since then, by `now`. */
  sleptSince(at: number): boolean {
    return this.sleeps.some(({ until }) => until >= at);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const at = now();
    const gap = at - this.#last;
    if (gap > SLEEP) {
      this.sleeps.push({ from: this.#last, until: at });
      this.#slept += gap;
    }
    this.#last = at;
  }
}
