export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open before one delivery may probe, in milliseconds. */
  readonly open: number;
  readonly onOpen: () => void;
  /** It was open long enough to let a probe through, and the probe failed: it stays open as long again. */
  readonly onReopen: () => void;
  readonly onClose: () => void;
}

/**
 * An endpoint's circuit breaker. Attempts are made elsewhere and reported here with the time (monotonic, milliseconds):
 * by the wall clock a step back would keep it open for as long as the step.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #openedAt: number | null = null;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** False while nothing but a probe may be sent. */
  get closed(): boolean {
    return this.#openedAt === null;
  }

  /** Closes it if its time is over. An attempt that began before it opened, and ends soon after, proves nothing. */
  success(now: number): void {
    this.#failures = 0;
    if (this.#openedAt === null || !this.#isOver(this.#openedAt, now)) return;
    this.#openedAt = null;
    this.#options.onClose();
  }

  failure(now: number): void {
    if (this.#openedAt === null) {
      this.#failures++;
      if (this.#failures < this.#options.failures) return;
      this.#openedAt = now;
      this.#options.onOpen();
    } else if (this.#isOver(this.#openedAt, now)) {
      this.#openedAt = now;
      this.#options.onReopen();
    }
  }

  #isOver(openedAt: number, now: number): boolean {
    return now - openedAt >= this.#options.open;
  }
}
