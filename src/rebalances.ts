import { performance } from 'node:perf_hooks';
import type { RebalanceFacts } from './engine-status.ts';

/** Counts how often a worker has been dealt its partitions, and for how long it had none. */
export class Rebalances {
  readonly #now: () => number;
  #count = 0;
  #lost = 0;
  #last: number | null = null;
  #paused = 0;
  /** Null while it delivers, and before it has ever. */
  #since: number | null = null;

  /** @param now milliseconds that only grow. Default: this process'. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  get facts(): RebalanceFacts {
    return { rebalances: this.#count, lost: this.#lost, last_pause: this.#last, paused: Math.round(this.#paused) };
  }

  /** It delivers from what it has been dealt. */
  dealt(): void {
    this.#count++;
    if (this.#since === null) return;
    const pause = this.#now() - this.#since;
    this.#since = null;
    this.#last = Math.round(pause);
    this.#paused += pause;
  }

  /** Nothing more is begun: it lets go, or has lost what it had. */
  ended(how: 'released' | 'lost'): void {
    this.#since = this.#now();
    if (how === 'lost') this.#lost++;
  }
}
