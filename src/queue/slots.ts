import PQueue from 'p-queue';
import type { Ending } from '../outcome.ts';
import type { Item } from './item.ts';
import type { Lanes } from './lanes.ts';
import { Pace } from './pace.ts';
import type { Attempt, Rendered } from './port.ts';
import type { Throttle } from './throttle.ts';
import { LONGEST_TIMEOUT } from './retry.ts';

export interface SlotsOptions {
  /** Attempts at a time. */
  readonly concurrency: number;
  /** Attempts a second; null for no limit. */
  readonly rate: number | null;
  /** Lowers both while the endpoint gets too much. */
  readonly throttle: Throttle;
  readonly lanes: Lanes;
  readonly attempt: Attempt;
  /** What is about to be sent of an item that was a draft. False if it must not be sent any more. */
  readonly render: (item: Item, rendered: Rendered) => boolean;
  /** Takes what became of each attempt. */
  readonly finish: (item: Item, ending: Ending) => void;
}

/** Sends the heads of lanes, within an endpoint's concurrency and rate. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #queue: PQueue;
  readonly #pace: Pace;
  /** Turns that were handed to the queue and are not over. The queue's own count lags behind by some microtasks. */
  #turns = 0;
  /** Wakes when the rate allows another attempt. */
  #alarm: NodeJS.Timeout | null = null;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.concurrency });
    this.#pace = new Pace(options.rate);
  }

  /** A head has become ready: sends it if a slot is free. */
  fill(): void {
    const { lanes, throttle } = this.#options;
    if (lanes.ready === 0 || this.#turns >= throttle.limit || this.#mustWait()) return;
    this.#turns++;
    void this.#queue.add(() => this.#turn());
  }

  /** Sends no more once the rate would allow it. */
  stop(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
  }

  /** Sends heads of lanes, one after the other, for as long as there are any: p-queue is asked once a turn, not once a delivery. */
  #turn(): Promise<void> {
    const { lanes, rate, throttle, attempt, render, finish } = this.#options;
    return new Promise((resolve) => {
      const next = (): void => {
        const item = this.#turns > throttle.limit || this.#mustWait() ? null : lanes.take();
        if (item === null) {
          this.#turns--;
          resolve();
          return;
        }
        const now = performance.now();
        this.#pace.sent(now);
        throttle.sent(now);
        const done = (ending: Ending): void => {
          const slowed = throttle.isOn;
          finish(item, ending);
          if (slowed) this.fill();
          next();
        };
        attempt(item.delivery, done, (rendered) => render(item, rendered));
        // Heads that had to wait for the rate have nobody else who sends them while this one is under way.
        if (rate !== null) this.fill();
      };
      next();
    });
  }

  /** True if the rate does not allow an attempt now; then the alarm is set. */
  #mustWait(): boolean {
    const { rate, throttle } = this.#options;
    if (rate === null && !throttle.isOn) return false;
    const now = performance.now();
    const wait = Math.max(this.#pace.wait(now), throttle.wait(now));
    if (wait === 0) return false;
    this.#alarm ??= setTimeout(() => {
      this.#alarm = null;
      this.fill();
    }, Math.min(Math.ceil(wait), LONGEST_TIMEOUT));
    return true;
  }
}
