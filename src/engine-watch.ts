import type { Logger } from 'pino';

/** How often it is looked, in milliseconds. */
const INTERVAL = 1_000;

export interface EngineWatchOptions {
  /** Why the brokers cannot be worked with, in a sentence that may change from look to look; null if they can. */
  readonly problem: () => string | null;
  readonly log: Logger;
}

/** Logs when the brokers cannot be worked with any more, and when they can again: once each, however the reasons change. */
export class EngineWatch {
  readonly #options: EngineWatchOptions;
  #timer: NodeJS.Timeout | null = null;
  #isAway = false;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => this.look(), INTERVAL).unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  look(): void {
    const { problem, log } = this.#options;
    const sentence = problem();
    if ((sentence !== null) === this.#isAway) return;
    this.#isAway = sentence !== null;
    if (sentence === null) log.info('Kafka can be worked with again');
    else log.warn(`${sentence}; it is tried again until it works`);
  }
}
