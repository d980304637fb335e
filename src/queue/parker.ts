import type { BlockedLanes } from './blocked-lanes.ts';
import type { Drain } from './drain.ts';
import type { InFlight } from './in-flight.ts';
import type { Item } from './item.ts';
import type { Lanes } from './lanes.ts';
import type { Writer } from './writer.ts';

export interface ParkerOptions {
  readonly lanes: Lanes;
  readonly blocked: BlockedLanes;
  readonly drain: Drain;
  readonly inFlight: InFlight;
  readonly writer: Writer;
  /** Something has become durable. */
  readonly onDurable: () => void;
}

/** Puts an endpoint's deliveries out of memory into the store, so that each lane still goes on in its order. */
export class Parker {
  readonly #options: ParkerOptions;

  constructor(options: ParkerOptions) {
    this.#options = options;
  }

  /** A delivery that came with the stream, and must wait. */
  park(item: Item): void {
    const { writer, drain } = this.#options;
    const { delivery, attempts } = item;
    drain.comes(delivery);
    writer.park({ delivery, attempts, failure: null, dueIn: 0 }, () => {
      this.settle(item);
      drain.wake();
    });
  }

  /** What became of the delivery is durable. */
  settle({ delivery, ticket, settled }: Item): void {
    const { drain, inFlight, onDurable } = this.#options;
    if (ticket === null) return drain.done(delivery.id);
    inFlight.leave(delivery, ticket, settled);
    onDurable();
  }

  /** Items that must not be sent now: live ones are parked, stored ones are where they were. */
  setAside(items: readonly Item[]): void {
    for (const item of items) {
      if (item.ticket === null) this.#options.drain.returned(item.delivery.id);
      else this.park(item);
    }
  }

  /** Parks all that waits in memory, `held` included; the store is read from the start afterwards. */
  parkAll(held: readonly Item[]): void {
    const { lanes, blocked } = this.#options;
    const waiting = [...lanes.cut(() => true), ...held, ...blocked.takeHeld()];
    // Of a lane that was read back in part, nothing may be in memory any more: then nobody else would read on.
    for (const { delivery } of waiting) {
      if (blocked.isBusy(delivery.lane)) blocked.wait(delivery.lane, performance.now());
    }
    // What is being sent now comes before whatever is stored of its lane.
    for (const item of lanes.running) blocked.busy(item.delivery.lane);
    this.setAside(inSequence(waiting));
  }

  /**
   * Parks the deliveries whose tickets are below `ticket`, with what waits behind them in their lanes. What is being sent
   * goes on being sent, as a delivery that is stored. Those of backfills hold nothing back: they are parked only with all.
   */
  parkLate(ticket: number): void {
    const { lanes, blocked, drain } = this.#options;
    const isLate = (item: Item): boolean => item.ticket !== null && (item.settled === null ? item.ticket < ticket : ticket === Number.POSITIVE_INFINITY);
    const hanging = new Set([...lanes.running].filter((item) => isLate(item) && !item.ended));
    for (const item of hanging) this.#parkRunning(item);
    const cut = lanes.cut((head) => hanging.has(head) || isFirstLate(head, isLate));
    if (cut.length === 0) return;
    const sending = new Set([...lanes.running].map(({ delivery }) => delivery.lane));
    for (const { delivery } of cut) {
      if (sending.has(delivery.lane)) blocked.busy(delivery.lane);
      else blocked.wait(delivery.lane, performance.now());
    }
    this.setAside(inSequence(cut));
    drain.wake();
  }

  /** What is being sent is not waited for any more: all is parked. */
  giveUp(): void {
    this.#keepRendered();
    this.parkLate(Number.POSITIVE_INFINITY);
  }

  /** Requests that were made of stored drafts and are out take the drafts' place: what is sent again must be the same. */
  #keepRendered(): void {
    const { lanes, writer } = this.#options;
    for (const { ticket, ended, rendered, delivery, attempts } of lanes.running) {
      if (ticket !== null || ended || rendered === undefined) continue;
      writer.failed(delivery.request.endpoint, { id: delivery.id, attempts, failure: null, dueIn: 0, rendered }, () => undefined);
    }
  }

  /** Parks what is being sent. For its outcome it is from now on a delivery that was read back. */
  #parkRunning(item: Item): void {
    const { blocked, drain, inFlight, writer, onDurable } = this.#options;
    const { delivery, ticket, attempts, settled } = item;
    if (ticket === null) return;
    item.ticket = null;
    item.settled = null;
    drain.adopt(delivery);
    blocked.busy(delivery.lane);
    writer.park({ delivery, attempts, failure: null, dueIn: 0 }, () => {
      inFlight.leave(delivery, ticket, settled);
      onDurable();
    });
  }
}

/** True if the first of a lane that came with the stream is late; what was read back before it is durable. With all, what a backfill brought counts too. */
function isFirstLate(head: Item, isLate: (item: Item) => boolean): boolean {
  for (let item: Item | null = head; item !== null; item = item.next) {
    if (isLate(item)) return true;
    if (item.ticket !== null && item.settled === null) return false;
  }
  return false;
}

/** The store is read in sequence; batches that are written in sequence keep a reader from passing one by. */
function inSequence(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.ticket ?? 0) - (b.ticket ?? 0));
}
