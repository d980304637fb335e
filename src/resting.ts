/** Reading rests while there is any reason for it. */
export class Resting {
  readonly #reasons = new Set<string>();
  readonly #onRest: () => void;
  readonly #onGoOn: () => void;

  /**
   * @param onRest called with the first reason
   * @param onGoOn called once the last one is gone
   */
  constructor(onRest: () => void, onGoOn: () => void) {
    this.#onRest = onRest;
    this.#onGoOn = onGoOn;
  }

  has(reason: string): boolean {
    return this.#reasons.has(reason);
  }

  rest(reason: string): void {
    this.#reasons.add(reason);
    if (this.#reasons.size === 1) this.#onRest();
  }

  goOn(reason: string): void {
    if (this.#reasons.delete(reason) && this.#reasons.size === 0) this.#onGoOn();
  }
}
