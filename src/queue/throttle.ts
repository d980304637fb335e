import { type Ending, isOverload } from '../outcome.ts';

/** Between two requests once fewer than one at a time is allowed, in milliseconds; divided by the part of one that is. */
const SPACING = 100;
/** The least that is allowed: a request in 6.4 seconds. */
const LEAST = 1 / 64;
/** One overload is told by many responses: they count once in this time, in milliseconds. */
const DEAF = 1_000;

/**
 * How many requests at once an endpoint that says it gets too much may have: half as many after each overload, and a
 * little more with each success (additive increase, multiplicative decrease, as TCP does). Below one at a time,
 * requests are spaced. Time is monotonic, in milliseconds.
 */
export class Throttle {
  readonly #most: number;
  #allowed: number;
  /** It said so, and has not had all it may since. */
  #isOverloaded = false;
  #deafUntil = Number.NEGATIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;

  /** `most`: requests at once while all is well. */
  constructor(most: number) {
    this.#most = most;
    this.#allowed = most;
  }

  /** True while the endpoint gets less than it may. */
  get isOn(): boolean {
    return this.#allowed < this.#most;
  }

  /** True while it gets less because it said that it gets too much, and not only because it was left alone. */
  get isSlowed(): boolean {
    return this.isOn && this.#isOverloaded;
  }

  /** Requests that may be under way at once, at least 1. */
  get limit(): number {
    return Math.max(1, Math.floor(this.#allowed));
  }

  /** How long the next request must wait; 0 if it may go now. */
  wait(now: number): number {
    return this.#allowed >= 1 ? 0 : Math.max(0, this.#sentAt + SPACING / this.#allowed - now);
  }

  sent(now: number): void {
    this.#sentAt = now;
  }

  /** Takes what an attempt came to. */
  ended(ending: Ending, now: number): void {
    if (ending.kind === 'delivered') this.succeeded();
    else if (ending.kind === 'failed' && isOverload(ending)) this.overloaded(now);
  }

  overloaded(now: number): void {
    if (now < this.#deafUntil) return;
    this.#deafUntil = now + DEAF;
    this.#isOverloaded = true;
    this.#allowed = Math.max(LEAST, this.#allowed / 2);
  }

  succeeded(): void {
    if (this.#allowed === this.#most) return;
    const more = this.#allowed < 1 ? Math.min(1, this.#allowed * 1.5) : this.#allowed + 1 / this.#allowed;
    this.#allowed = Math.min(this.#most, more);
    if (!this.isOn) this.#isOverloaded = false;
  }

  /** The endpoint is left alone for a while: afterwards it begins with one at a time, so that what waits does not stampede it. */
  restart(): void {
    this.#allowed = 1;
  }
}
