/** A read this small, in bytes, that follows the last one at once is a sign of a reader faster than its sender. */
const SMALL_READ = 8 * 1024;
/** A read that comes less than this after the last one was handled, in milliseconds, follows "at once". */
const AT_ONCE = 0.3;
/** So many small reads in a row are load: a few single changes, each of which takes three, are not. */
const LOAD = 16;
/** A rest that brought so many bytes, a handful of rows, was worth it, and the next one will be. */
const WORTH = 1024;
/** About the most that Node reads at a time (64 KiB, less what TLS takes): behind it there is more to be read already. */
const FULL_READ = 48 * 1024;

/**
 * Decides when the socket should rest. walsender writes row by row, so a reader that is faster is woken for each
 * row or two (5 µs of CPU a row); one that rests about a millisecond gets hundreds of rows a read (1 µs a row).
 * A single change never waits: rest only under load, and only as long as rests bring something.
 */
export class ReadingPace {
  #last = Number.NEGATIVE_INFINITY;
  #small = 0;
  #hasRested = false;

  /**
   * True if the socket should rest now.
   * @param bytes all that came at the same time
   * @param came when it came, and `handled`, when it had been handled: monotonic milliseconds
   */
  read(bytes: number, came: number, handled: number): boolean {
    const atOnce = came - this.#last < AT_ONCE;
    this.#last = handled;
    if (!this.#hasRested) {
      this.#small = atOnce && bytes < SMALL_READ ? this.#small + 1 : 0;
      return this.#small >= LOAD;
    }
    if (atOnce && bytes >= FULL_READ) return false;
    this.#hasRested = false;
    this.#small = 0;
    return atOnce && bytes >= WORTH;
  }

  /** The socket has rested: what it brings says whether the load goes on. */
  rested(now: number): void {
    this.#hasRested = true;
    this.#last = now;
  }
}
