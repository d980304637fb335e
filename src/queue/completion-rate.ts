/** Length of a window, in milliseconds. */
const WINDOW = 250;

/** How many deliveries complete a second, from the last whole window of a quarter of a second. */
export class CompletionRate {
  #windowStart: number;
  #inWindow = 0;
  #rate = 0;
  #lastAt: number;

  constructor(now: number) {
    this.#windowStart = now;
    this.#lastAt = now;
  }

  completed(now: number): void {
    this.#roll(now);
    this.#inWindow++;
    this.#lastAt = now;
  }

  /** The queue was empty until now: it has not been stalled. */
  began(now: number): void {
    this.#lastAt = now;
  }

  perSecond(now: number): number {
    this.#roll(now);
    return this.#rate;
  }

  /** Milliseconds since one completed. */
  stalled(now: number): number {
    return now - this.#lastAt;
  }

  #roll(now: number): void {
    const elapsed = now - this.#windowStart;
    if (elapsed < WINDOW) return;
    this.#rate = (this.#inWindow * 1000) / elapsed;
    this.#inWindow = 0;
    this.#windowStart = now;
  }
}
