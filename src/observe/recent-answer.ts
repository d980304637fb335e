import { performance } from 'node:perf_hooks';
import { inTime } from '../patience.ts';

/** How long a question is waited for, in milliseconds, unless another time is given. */
const PATIENCE = 500;
/** After an answer the question rests for so many times as long as that took: it may be dear, and is asked every few seconds. */
const REST = 20;
/** So much longer than it rests an answer is given while the next one does not come, in milliseconds. */
const KEPT = 120_000;

const ANY_REST = { least: 0, most: Number.POSITIVE_INFINITY };

export interface RecentAnswerOptions<T> {
  readonly ask: () => Promise<T>;
  /** Told of the first failure of several in a row. */
  readonly onError: (error: unknown) => void;
  /** How long a question is waited for, in milliseconds. Default: 500. */
  readonly patience?: number;
  /** It rests for so long, in milliseconds: after a failure the least of it. Default: from no time to any. */
  readonly rest?: { readonly least: number; readonly most: number };
  /** Milliseconds that only grow. Default: this process'. */
  readonly now?: () => number;
}

/** A question to a database or a broker that is asked by time, and must neither keep who asks waiting nor what is asked busy. One is under way at most. */
export class RecentAnswer<T> {
  readonly #options: RecentAnswerOptions<T>;
  readonly #now: () => number;
  #asking: { readonly done: Promise<void>; readonly since: number } | null = null;
  #answer: { readonly value: T; readonly until: number } | null = null;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #isFailing = false;

  constructor(options: RecentAnswerOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The latest answer. Null if the last question failed, or none has been answered of late. */
  async get(): Promise<T | null> {
    const now = this.#now();
    if (this.#asking === null && now >= this.#restsUntil) this.#asking = { done: this.#ask(now), since: now };
    const { patience = PATIENCE } = this.#options;
    if (this.#asking !== null) await inTime(this.#asking.done, Math.max(0, this.#asking.since + patience - now));
    return this.#answer === null || this.#now() > this.#answer.until ? null : this.#answer.value;
  }

  async #ask(since: number): Promise<void> {
    const { least, most } = this.#options.rest ?? ANY_REST;
    try {
      const value = await this.#options.ask();
      const now = this.#now();
      this.#restsUntil = now + Math.min(Math.max(REST * (now - since), least), most);
      this.#answer = { value, until: this.#restsUntil + KEPT };
      this.#isFailing = false;
    } catch (error) {
      this.#answer = null;
      this.#restsUntil = this.#now() + least;
      if (!this.#isFailing) this.#options.onError(error);
      this.#isFailing = true;
    } finally {
      this.#asking = null;
    }
  }
}
