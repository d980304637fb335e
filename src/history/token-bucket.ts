/** So many a second, and some more at once after a quiet time. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at = 0;

  /** @param rate tokens a second @param burst tokens at most */
  constructor(rate: number, burst: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** True if there is one left. @param now milliseconds */
  take(now: number): boolean {
    if (this.#tokens < 1) {
      // Only here the time counts: an empty bucket has been filling since it was last looked at.
      this.#tokens = Math.min(this.#burst, this.#tokens + (Math.max(0, now - this.#at) * this.#rate) / 1000);
      this.#at = now;
      if (this.#tokens < 1) return false;
    }
    this.#tokens--;
    return true;
  }
}
