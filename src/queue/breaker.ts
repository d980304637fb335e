import { type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';

export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** How long it stays open before one delivery may probe, in milliseconds. */
  readonly open: number;
  readonly onOpen: () => void;
  readonly onClose: () => void;
}

/**
 * An endpoint's circuit breaker. Attempts are made elsewhere and reported here: while all goes well that costs a
 * comparison, and only from the first failure on is the policy asked.
 */
export class Breaker {
  readonly #policy: CircuitBreakerPolicy;
  #troubled = false;

  constructor(options: BreakerOptions) {
    this.#policy = circuitBreaker(handleAll, {
      halfOpenAfter: options.open,
      breaker: new ConsecutiveBreaker(options.failures),
    });
    this.#policy.onBreak(options.onOpen);
    this.#policy.onReset(options.onClose);
  }

  /** False while nothing but a probe may be sent. */
  get closed(): boolean {
    return this.#policy.state === CircuitState.Closed;
  }

  success(): void {
    if (!this.#troubled) return;
    if (this.closed) this.#troubled = false;
    this.#report(() => undefined);
  }

  failure(): void {
    this.#troubled = true;
    this.#report(() => {
      throw new Error('the attempt failed');
    });
  }

  /** An open breaker lets the outcome of a probe through only once its time is over; it says so by rejecting. */
  #report(attempt: () => void): void {
    void this.#policy.execute(attempt).catch(() => undefined);
  }
}
