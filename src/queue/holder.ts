import type { Budget } from './budget.ts';
import type { Tickets } from './in-flight.ts';
import type { Held } from './port.ts';
import type { Writer } from './writer.ts';

/** What a match takes in memory until it is stored, in bytes: an estimate. */
const BYTES = 512;

export interface HolderOptions {
  readonly writer: Writer;
  readonly budget: Budget;
  readonly tickets: Tickets;
  /** It is stored. */
  readonly onHeld: (held: Held) => void;
}

/** Stores matches of hooks with a schedule. Each is in flight until it is durable. */
export class Holder {
  readonly #options: HolderOptions;

  constructor(options: HolderOptions) {
    this.#options = options;
  }

  hold(held: Held): void {
    const { writer, budget, tickets, onHeld } = this.#options;
    const ticket = tickets.take();
    budget.add(BYTES);
    writer.hold(held, () => {
      budget.remove(BYTES);
      tickets.settle(ticket);
      onHeld(held);
    });
  }
}
