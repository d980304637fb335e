/** Asks at most so many at once. */
const MOST = 500;

/**
 * Puts what is asked for in the same turn of the event loop into one batch; what comes while a batch is under way makes the next one.
 * A busy daemon's batches so grow with its load, and an idle one's question waits for nothing.
 */
export class Batches<Question> {
  readonly #run: (batch: readonly Question[]) => Promise<void>;
  #waiting: Question[] = [];
  #isBusy = false;

  /** @param run never rejects; the next batch goes once it resolves */
  constructor(run: (batch: readonly Question[]) => Promise<void>) {
    this.#run = run;
  }

  add(question: Question): void {
    this.#waiting.push(question);
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(() => void this.#go());
  }

  async #go(): Promise<void> {
    while (this.#waiting.length > 0) await this.#run(this.#waiting.splice(0, MOST));
    this.#isBusy = false;
  }
}
