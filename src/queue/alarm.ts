import { LONGEST_TIMEOUT } from './retry.ts';

/** A timer that is set again and again: only the last time counts. */
export class Alarm {
  #timer: NodeJS.Timeout | null = null;

  /** @param ms 0 or less: at once, but not within the call. More than a timer takes: earlier than asked for */
  set(ms: number, then: () => void): void {
    this.clear();
    this.#timer = setTimeout(then, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMEOUT));
  }

  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
