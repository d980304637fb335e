import PQueue from 'p-queue';
import { Pace } from './pace.ts';
import { LONGEST_TIMEOUT } from './retry.ts';
import type { Sending } from './sending.ts';
import type { Throttle } from './throttle.ts';

export interface SlotsOptions {
  /** Requests at a time. */
  readonly concurrency: number;
  /** Requests a second; null for no limit. */
  readonly rate: number | null;
  /** Lowers both while the endpoint gets too much. */
  readonly throttle: Throttle;
  readonly sending: Sending;
}

/** Sends what is next, within an endpoint's concurrency and rate. */
export class Slots {
  readonly #options: SlotsOptions;
  readonly #queue: PQueue;
  readonly #pace: Pace;
  /** Turns that were handed to the queue and are not over. The queue's own count lags behind by some microtasks. */
  #turns = 0;
  /** Turns may have ended because of the throttle: nobody else begins them again. */
  #slowed = false;
  /** Wakes when the rate allows another attempt. */
  #alarm: NodeJS.Timeout | null = null;

  constructor(options: SlotsOptions) {
    this.#options = options;
    this.#queue = new PQueue({ concurrency: options.concurrency });
    this.#pace = new Pace(options.rate);
  }

  /** Requests under way. A turn that finds nothing to send is over at once. */
  get inUse(): number {
    return this.#turns;
  }

  /** Something has become ready: sends it if a slot is free. */
  fill(): void {
    const { sending, throttle } = this.#options;
    if (!sending.isReady || this.#turns >= throttle.limit || this.#mustWait()) return;
    this.#turns++;
    void this.#queue.add(() => this.#turn());
  }

  /** Sends no more once the rate would allow it. */
  stop(): void {
    this.#options.sending.stop();
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
  }

  /** Sends one request after the other, for as long as there is something to send: p-queue is asked once a turn, not once a request. */
  #turn(): Promise<void> {
    const { sending, rate, throttle } = this.#options;
    return new Promise((resolve) => {
      const over = (): void => {
        if (this.#slowed || throttle.isOn) {
          this.#slowed = throttle.isOn;
          this.fill();
        }
        next();
      };
      const next = (): void => {
        if (throttle.isOn) this.#slowed = true;
        if (this.#turns > throttle.limit || this.#mustWait() || !sending.send(over)) {
          this.#turns--;
          resolve();
          return;
        }
        if (rate === null && !throttle.isOn) return;
        const now = performance.now();
        this.#pace.sent(now);
        throttle.sent(now);
        // What had to wait for the rate has nobody else who sends it while this request is under way.
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
