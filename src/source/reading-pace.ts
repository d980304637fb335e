/** A read this small, in bytes, that follows the last one at once is a sign of a reader faster than its sender. */
const SMALL_READ = 8 * 1024;
/** A read that comes less than this after the last one was handled, in milliseconds, follows "at once". */
const AT_ONCE = 0.3;
/** So many small reads in a row are load: a few single changes, each of which takes three, are not. */
const LOAD = 16;
/** A rest that brought so many bytes, a handful of rows, was worth it, and the next one will be. */
const WORTH = 1024;
/** The most that Node reads at a time: behind it there is more to be read already. */
const FULL_READ = 64 * 1024;

/**
 * Decides when the socket should rest. walsender writes row by row, so a reader that is faster is woken for each
 * row or two (5 µs of CPU a row); one that rests about a millisecond gets hundreds of rows a read (1 µs a row).
 * A single change never waits: rest only under load, and only as long as rests bring something.
 */
export class ReadingPace {
  #last = Number.NEGATIVE_INFINITY;
  #small = 0;
  #hasRested = false;
  /** Bytes that came while the socket rested, which are handed over first. */
  #waiting = 0;
  /** Bytes that the last rest brought. */
  #brought = 0;

  /**
   * True if the socket should rest now.
   * @param came when the read came, and `handled`, when it had been handled: monotonic milliseconds
   */
  read(bytes: number, came: number, handled: number): boolean {
    const atOnce = came - this.#last < AT_ONCE;
    this.#last = handled;
    if (!this.#hasRested) {
      this.#small = atOnce && bytes < SMALL_READ ? this.#small + 1 : 0;
      return this.#small >= LOAD;
    }
    this.#brought += bytes;
    if (atOnce && (this.#brought <= this.#waiting || bytes >= FULL_READ)) return false;
    this.#hasRested = false;
    this.#small = 0;
    return atOnce && this.#brought >= WORTH;
  }

  /** The socket has rested: what it brings says whether the load goes on. @param waiting bytes that have been read meanwhile */
  rested(waiting: number, now: number): void {
    this.#hasRested = true;
    this.#waiting = waiting;
    this.#brought = 0;
    this.#last = now;
  }
}
