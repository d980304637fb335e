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

/** An endpoint's deliveries that came with the stream, or with a backfill, from their coming until they are delivered or durably stored. */
export class InFlight {
  readonly #options: InFlightOptions;
  #size = 0;
  #bytes = 0;
  /** Those of backfills, which are never too many: they wait until there is room. */
  #background = 0;
  #lastTicket = 0;

  constructor(options: InFlightOptions) {
    this.#options = options;
  }

  /** Those that came with the stream. */
  get size(): number {
    return this.#size;
  }

  /** All, those of backfills too. */
  get all(): number {
    return this.#size + this.#background;
  }

  /** True if they take more of the memory than the endpoint's share, by number or by bytes. */
  get isOverShare(): boolean {
    const { budget, share } = this.#options;
    return budget.part(this.#size, this.#bytes) > budget.part(share, 0);
  }

  /** @param settled see Item */
  enter(delivery: Delivery, settled: (() => void) | null = null): Item {
    const { budget, tickets } = this.#options;
    if (settled === null) {
      this.#size++;
      this.#bytes += delivery.bytes;
      this.#lastTicket = tickets.take();
    } else {
      this.#background++;
    }
    budget.add(delivery.bytes);
    return new Item(delivery, this.#lastTicket, 0, settled);
  }

  /** The item's delivery is this from now on, and counts as what it takes then. Gives true. */
  render(item: Item, rendered: Rendered): true {
    const { delivery, ticket, settled } = item;
    const bytes = delivery.bytes + rendered.body.length - delivery.body.length;
    item.rendered = rendered;
    item.delivery = { ...delivery, ...rendered, bytes };
    if (ticket === null) return true; // counted by the drain, by its id
    if (settled === null) this.#bytes += bytes - delivery.bytes;
    this.#options.budget.grow(bytes - delivery.bytes);
    return true;
  }

  /** The item, which came with the stream, is not here any more, and nothing has become of it: its ticket stays open. */
  forget({ delivery }: Item): void {
    this.#options.budget.remove(delivery.bytes);
    this.#size--;
    this.#bytes -= delivery.bytes;
  }

  /** @param settled of its item */
  leave(delivery: Delivery, ticket: number, settled: (() => void) | null): void {
    const { budget, tickets } = this.#options;
    budget.remove(delivery.bytes);
    if (settled !== null) {
      this.#background--;
      settled();
      return;
    }
    this.#size--;
    this.#bytes -= delivery.bytes;
    tickets.settle(ticket);
  }
}
