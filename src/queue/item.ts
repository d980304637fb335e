import type { Delivery } from '../delivery.ts';
import type { Rendered } from './port.ts';

/** A delivery in memory, on its way through its lane. */
export class Item {
  delivery: Delivery;
  /**
   * The tracker's ticket; null for a delivery that is in the store, and so is durable already. One of the background has that of
   * the last that came with the stream before it: it only tells the order.
   */
  ticket: number | null;
  /** Attempts made before this one. */
  readonly attempts: number;
  /** An attempt's outcome is known; what becomes of the delivery is being stored. */
  ended = false;
  /** What the delivery, which was a draft, has become; undefined if it was none, or is one still. */
  rendered: Rendered | undefined = undefined;
  /** The how-manieth head it became, over all lanes; 0 before that. */
  turn = 0;
  /** What comes after it in its lane. */
  next: Item | null = null;
  /** It is being sent: then it is one of the list that Running is, between these two. */
  isRunning = false;
  /** It came with the stream, and is counted here, for something of the background was before it in its lane. */
  behindBackground: { live: number } | null = null;
  before: Item | null = null;
  after: Item | null = null;

  /** Told when it is delivered or durable, if it is of the background: of a backfill, which holds no position and gives way. Null for all others. */
  settled: (() => void) | null;

  constructor(delivery: Delivery, ticket: number | null, attempts: number, settled: (() => void) | null = null) {
    this.delivery = delivery;
    this.ticket = ticket;
    this.attempts = attempts;
    this.settled = settled;
  }
}
