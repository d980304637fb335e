/** How far deliveries have come, by their tickets: the tracker's view. */
export interface Progress {
  /** The lowest ticket that is open, or `next` if none is. */
  readonly lowest: number;
  /** The next ticket that will be taken. */
  readonly next: number;
  /** The highest ticket that has been settled; -1 if none has. */
  readonly highest: number;
  /** Tickets above the lowest open one that are settled. */
  readonly ahead: number;
}

/** How often to look, in milliseconds. */
export const STRAGGLER_INTERVAL = 250;
/** After so many looks at the same lowest ticket, whatever it is holds the position for too long. */
const PATIENCE = 8;

/**
 * Finds the deliveries that hold the safe position back: an attempt that hangs, a lane that is long, an endpoint that is
 * slower than the others. What was settled above them would be sent again after a crash, so they are parked: they have
 * the same rights in the store, and the position goes on. Pure: looked at by time, costs nothing by delivery.
 */
export class Stragglers {
  /** How many may be settled ahead of the lowest open ticket: what is being sent at once settles in any order. */
  readonly #tolerated: number;
  #highest = -1;
  #lowest = -1;
  /** The next ticket at each of the last looks at the same lowest one. */
  #nexts: number[] = [];

  constructor(tolerated: number) {
    this.#tolerated = tolerated;
  }

  /** Open tickets below the number it gives are late; 0 if none is. */
  look({ lowest, next, highest, ahead }: Progress): number {
    const overtaken = this.#highest;
    this.#highest = highest;
    if (lowest !== this.#lowest) this.#nexts = [];
    this.#lowest = lowest;
    this.#nexts.push(next);
    const then = this.#nexts.length > PATIENCE ? (this.#nexts.shift() ?? 0) : 0;
    // What was overtaken a look ago by something that is settled, and still is not.
    const behind = ahead > this.#tolerated ? overtaken : 0;
    const late = Math.max(then, behind);
    return late > lowest ? late : 0;
  }
}
