import type { Delivery } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import type { Receipt } from './receiver.ts';

/** A webhook, from both ends: what walhook says became of it, and what the receiver saw. */
export interface Arrival {
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  /** Null if it never got there. */
  readonly receipt: Receipt | null;
}

/** Joins both ends by webhook-id, and lets somebody wait for the next. */
export class Arrivals {
  readonly #receipts = new Map<string, Receipt>();
  readonly #waiting: Arrival[] = [];
  #wake: (() => void) | null = null;

  received(receipt: Receipt): void {
    this.#receipts.set(receipt.id, receipt);
  }

  settled(delivery: Delivery, outcome: Outcome): Arrival {
    const arrival = { delivery, outcome, receipt: this.#receipts.get(delivery.id) ?? null };
    this.#receipts.delete(delivery.id);
    this.#waiting.push(arrival);
    this.#wake?.();
    return arrival;
  }

  /** The oldest that nobody has taken yet; null if none comes within `ms`. */
  async next(ms: number): Promise<Arrival | null> {
    if (this.#waiting.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, ms);
      this.#wake = resolve;
      await promise;
      clearTimeout(timer);
      this.#wake = null;
    }
    return this.#waiting.shift() ?? null;
  }

  /** Forgets those that nobody will take. */
  clear(): void {
    this.#waiting.length = 0;
  }
}
