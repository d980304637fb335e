/** A read this small, in bytes, that follows the last one at once is a sign of a reader faster than its sender. */
const SMALL_READ = 8 * 1024;
/** Reads closer together than this, in milliseconds, follow "at once". */
const AT_ONCE = 0.3;
/** So many small reads in a row are load, not a few single changes. */
const LOAD = 8;

/**
 * Decides when the socket should rest. walsender writes row by row, so a reader that is faster is woken for each
 * row or two (5 µs of CPU a row); one that rests about a millisecond gets hundreds of rows a read (1 µs a row).
 * A single change never waits: rest only under load.
 */
export class ReadingPace {
  #last = Number.NEGATIVE_INFINITY;
  #small = 0;

  /** Takes the size of a read and when it came (monotonic milliseconds); true if the socket should rest now. */
  read(bytes: number, now: number): boolean {
    const atOnce = now - this.#last < AT_ONCE;
    this.#last = now;
    this.#small = atOnce && bytes < SMALL_READ ? this.#small + 1 : 0;
    return this.#small >= LOAD;
  }

  /** After a rest, what comes next counts from now: if it comes at once, the load goes on. */
  rested(now: number): void {
    this.#last = now;
  }
}
