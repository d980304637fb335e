import type { Delivery } from '../delivery.ts';
import type { Budget } from './budget.ts';
import { Item } from './item.ts';
import type { Rendered } from './port.ts';

/** Takes and settles tickets for what is in flight: the checkpoint's tracker. */
export interface Tickets {
  take(): number;
  settle(ticket: number): void;
}

export interface InFlightOptions {
  readonly tickets: Tickets;
  readonly budget: Budget;
  /** Deliveries in memory that no one minds; their part of the budget's bytes goes with it. */
  readonly share: number;
}

/** An endpoint's deliveries that came with the stream, from their coming until they are delivered or durably stored. */
export class InFlight {
  readonly #options: InFlightOptions;
  #size = 0;
  #bytes = 0;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** True if they take more of the memory than the endpoint's share, by number or by bytes. */
  get isOverShare(): boolean {
    const { budget, share } = this.#options;
    return budget.part(this.#size, this.#bytes) > budget.part(share, 0);
  }

  enter(delivery: Delivery): Item {
    const { budget, tickets } = this.#options;
    this.#size++;
    this.#bytes += delivery.bytes;
    budget.add(delivery.bytes);
    return new Item(delivery, tickets.take(), 0);
  }

  /** The item's delivery is this from now on, and counts as what it takes then. Gives true. */
  render(item: Item, rendered: Rendered): true {
    const { delivery, ticket } = item;
    const bytes = delivery.bytes + rendered.body.length - delivery.body.length;
    item.rendered = rendered;
    item.delivery = { ...delivery, ...rendered, bytes };
    if (ticket === null) return true; // counted by the drain, by its id
    this.#bytes += bytes - delivery.bytes;
    this.#options.budget.grow(bytes - delivery.bytes);
    return true;
  }

  leave(delivery: Delivery, ticket: number): void {
    const { budget, tickets } = this.#options;
    this.#size--;
    this.#bytes -= delivery.bytes;
    budget.remove(delivery.bytes);
    tickets.settle(ticket);
  }
}
