/**
 * Length of a window, in milliseconds. Long enough for a process that has just started: its first quarter of a second is no
 * measure of the endpoint.
 */
const WINDOW = 1_000;

/** How many deliveries complete a second, from the last whole window in which there was always something to send; 0 before that. */
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

  /** The queue was empty until now: that nothing completed says nothing. */
  began(now: number): void {
    this.#lastAt = now;
    this.#windowStart = now;
    this.#inWindow = 0;
    this.#rate = 0;
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
