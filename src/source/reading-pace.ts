/** A read this small, in bytes, that follows the last one at once is a sign of a reader faster than its sender. */
const SMALL_READ = 8 * 1024;
/** A read that comes less than this after the last one was handled, in milliseconds, follows "at once". */
const AT_ONCE = 0.3;
/** What gathered while the socket rested is there by then, in milliseconds, on a busy machine too. */
const AFTER_REST = 5;
/** So many small reads in a row are load: a few single changes, each of which takes three, are not. */
const LOAD = 16;
/** A rest that brought so many bytes, a handful of rows, was worth it, and the next one will be. */
const WORTH = 1024;
/** About the most that Node reads at a time (64 KiB, less what TLS takes): behind it there is more to be read already. */
const FULL_READ = 48 * 1024;

/** How long a rest takes, in milliseconds, and a long one: for a backlog, where rows come by the hundred and nobody waits for one. */
const REST = 1;
const LONG_REST = 4;
/** A rest that brought so many bytes was one of a backlog. */
const BACKLOG = 16 * 1024;

/**
 * Decides when the socket should rest. walsender writes row by row, so a reader that is faster is woken for each row or
 * two (5 µs of CPU a row), which holds up the walsender too; one that rests gets hundreds of rows a read (1 µs a row).
 * A single change never waits: rest only under load, and only as long as rests bring something.
 */
export class ReadingPace {
  #last = Number.NEGATIVE_INFINITY;
  #small = 0;
  #hasRested = false;
  /** Bytes that the last rest brought. */
  #brought = 0;

  /**
   * How long the socket should rest now, in milliseconds; 0 for not at all.
   * @param bytes all that came at the same time
   * @param came when it came, and `handled`, when it had been handled: monotonic milliseconds
   */
  read(bytes: number, came: number, handled: number): number {
    const wait = came - this.#last;
    this.#last = handled;
    if (!this.#hasRested) {
      this.#small = wait < AT_ONCE && bytes < SMALL_READ ? this.#small + 1 : 0;
      return this.#small >= LOAD ? REST : 0;
    }
    this.#brought += bytes;
    if (wait < AFTER_REST && bytes >= FULL_READ) return 0;
    this.#hasRested = false;
    this.#small = 0;
    if (wait >= AFTER_REST || this.#brought < WORTH) return 0;
    return this.#brought >= BACKLOG ? LONG_REST : REST;
  }

  /** The socket has rested: what it brings says whether the load goes on. */
  rested(now: number): void {
    this.#hasRested = true;
    this.#brought = 0;
    this.#last = now;
  }
}
