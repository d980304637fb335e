export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open before one delivery may probe, in milliseconds. */
  readonly open: number;
  /** It opens, or stays open, for so many milliseconds. `again`: it was open already. */
  readonly onOpen: (ms: number, again: boolean) => void;
  readonly onClose: () => void;
}

/**
 * An endpoint's circuit breaker. Attempts are made elsewhere and reported here with the time (monotonic, milliseconds):
 * by the wall clock a step back would keep it open for as long as the step.
 */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  /** null: closed. */
  #openUntil: number | null = null;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  /** When a probe may be sent; null if it is closed, and all may. */
  get openUntil(): number | null {
    return this.#openUntil;
  }

  /** Closes it if its time is over. An attempt that began before it opened, and ends soon after, proves nothing. */
  success(now: number): void {
    this.#failures = 0;
    if (this.#openUntil === null || now < this.#openUntil) return;
    this.close();
  }

  failure(now: number): void {
    if (this.#openUntil !== null && now < this.#openUntil) return;
    this.#failures++;
    if (this.#openUntil !== null || this.#failures >= this.#options.failures) this.open(now, this.#options.open);
  }

  /** Opens it for so many milliseconds, or longer if it is open for longer already. */
  open(now: number, ms: number): void {
    const again = this.#openUntil !== null;
    const until = now + ms;
    if (this.#openUntil !== null && this.#openUntil > until) return;
    this.#openUntil = until;
    this.#options.onOpen(ms, again);
  }

  /** Its time is over now: what is sent next decides. False if it is closed. */
  probe(now: number): boolean {
    if (this.#openUntil === null) return false;
    this.#openUntil = Math.min(this.#openUntil, now);
    return true;
  }

  /** Whatever happened before counts no more. */
  close(): void {
    this.#failures = 0;
    if (this.#openUntil === null) return;
    this.#openUntil = null;
    this.#options.onClose();
  }
}
