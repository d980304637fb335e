import type { Notice } from '../notice.ts';

/** How often to look, in milliseconds. */
const INTERVAL = 5_000;

export interface LagWatchOptions {
  /** How far reading is behind, in milliseconds. */
  readonly behind: () => number;
  /** `notify.lag`. */
  readonly most: number;
  readonly onNotice: (notice: Notice) => void;
  readonly interval?: number;
}

/** Tells once when reading lags, and once when it has caught up. By time: costs nothing by event. */
export class LagWatch {
  readonly #options: LagWatchOptions;
  #timer: NodeJS.Timeout | null = null;
  #isLagging = false;

  constructor(options: LagWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), this.#options.interval ?? INTERVAL).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  look(): void {
    const { behind, most, onNotice } = this.#options;
    const ms = behind();
    if (!this.#isLagging && ms > most) {
      this.#isLagging = true;
      onNotice({ type: 'lag', seconds: Math.round(ms / 1000) });
    } else if (this.#isLagging && ms < most / 2) {
      // Not at the very border, so that it is not told to and fro.
      this.#isLagging = false;
      onNotice({ type: 'lag.over' });
    }
  }
}
