/** A position, and the tickets that must be settled before it is safe: all those below `ticket`. */
interface Mark<P> {
  readonly ticket: number;
  readonly position: P;
}

/** Of more marks than these every second is dropped: it makes the safe position a little older, and nothing else. */
const MOST_MARKS = 8_192;

/**
 * Knows which deliveries are in flight and, from that, the position that is safe: every delivery of every event at
 * or below it is delivered, parked or dead. Pure bookkeeping: no clock, no I/O.
 *
 * Each delivery takes a ticket when it starts and settles it when it is durable, in any order. Tickets are counted
 * up, and `#settled` is a ring of flags for those between the lowest open one and the next; so a delivery costs
 * one byte and no allocation. Positions are marked as the stream goes by (a commit, a keepalive, now and
 * then within a large transaction), and a mark is safe once all tickets taken before it are settled. What a position is,
 * is all one here: a place in the WAL, or the offsets of a topic's partitions.
 */
export class Tracker<P> {
  /** Flags of the tickets from `#low` to `#next`, each at ticket modulo length (a power of two). */
  #settled = new Uint8Array(1024);
  /** The lowest ticket that is still open. */
  #low = 0;
  /** The next ticket to give. */
  #next = 0;
  /** The highest ticket that has been settled; -1 before the first. */
  #highest = -1;
  /** Settled tickets above the lowest open one. */
  #ahead = 0;
  readonly #marks: Mark<P>[] = [];
  /** Index of the first mark that is not passed yet; passed ones are dropped in bulk. */
  #firstMark = 0;
  #safe: P;

  constructor(start: P) {
    this.#safe = start;
  }

  /** The highest position at or below which nothing is in flight. */
  get safe(): P {
    return this.#safe;
  }

  /** How many deliveries are in flight. An upper bound: tickets settled out of order count until those before them are. */
  get open(): number {
    return this.#next - this.#low;
  }

  /** The lowest ticket that is still open, or the next one if none is. */
  get lowest(): number {
    return this.#low;
  }

  /** The next ticket that will be taken. */
  get next(): number {
    return this.#next;
  }

  /** The highest ticket that has been settled; -1 if none has. */
  get highest(): number {
    return this.#highest;
  }

  /** How many tickets above the lowest open one are settled: after a crash their deliveries are sent again. */
  get ahead(): number {
    return this.#ahead;
  }

  /** Takes a ticket for a delivery that belongs above all positions marked so far. */
  take(): number {
    if (this.#next - this.#low === this.#settled.length) this.#grow();
    const ticket = this.#next++;
    this.#settled[ticket & (this.#settled.length - 1)] = 0;
    return ticket;
  }

  /** The delivery is delivered, or durably parked or dead. Once for each ticket. */
  settle(ticket: number): void {
    const mask = this.#settled.length - 1;
    this.#settled[ticket & mask] = 1;
    if (ticket > this.#highest) this.#highest = ticket;
    if (ticket !== this.#low) {
      this.#ahead++;
      return;
    }
    let low = this.#low + 1;
    while (low < this.#next && this.#settled[low & mask] === 1) low++;
    this.#ahead -= low - this.#low - 1;
    this.#low = low;
    this.#pass();
  }

  /** Everything up to `position` has been read, and all its deliveries have taken their tickets. */
  mark(position: P): void {
    const last = this.#marks.at(-1);
    // No delivery since the last mark: the new one is as safe as that one.
    if (last !== undefined && last.ticket === this.#next) this.#marks.pop();
    if (this.#marks.length - this.#firstMark >= MOST_MARKS) this.#thin();
    this.#marks.push({ ticket: this.#next, position });
    this.#firstMark = Math.min(this.#firstMark, this.#marks.length - 1);
    this.#pass();
  }

  /**
   * The ticket of the first mark from which on nothing has been begun but to wait: once all tickets before it are settled, that mark's position
   * is safe, and whoever goes on there misses none of what waits, and finds nothing of what does not. The next ticket if there is no such mark.
   */
  untouchedFrom(waiting: ReadonlySet<number>): number {
    let from = this.#next;
    while (from > this.#low && waiting.has(from - 1)) from--;
    for (let i = this.#firstMark; i < this.#marks.length; i++) {
      const { ticket } = this.#marks[i] ?? { ticket: -1 };
      if (ticket >= from) return ticket;
    }
    return this.#next;
  }

  #pass(): void {
    let first = this.#firstMark;
    for (; first < this.#marks.length; first++) {
      const mark = this.#marks[first];
      if (mark === undefined || mark.ticket > this.#low) break;
      this.#safe = mark.position;
    }
    this.#firstMark = first;
    if (first > 1024 || first === this.#marks.length) {
      this.#marks.splice(0, first);
      this.#firstMark = 0;
    }
  }

  #thin(): void {
    const waiting = this.#marks.splice(0).slice(this.#firstMark);
    this.#firstMark = 0;
    this.#marks.push(...waiting.filter((_, i) => i % 2 === 1));
  }

  #grow(): void {
    const old = this.#settled;
    const larger = new Uint8Array(old.length * 2);
    for (let ticket = this.#low; ticket < this.#next; ticket++) {
      larger[ticket & (larger.length - 1)] = old[ticket & (old.length - 1)] ?? 0;
    }
    this.#settled = larger;
  }
}
