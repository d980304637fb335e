import { performance } from 'node:perf_hooks';
import { ReadingPace } from './reading-pace.ts';

/** Lets a socket rest between reads when its pace says so. */
export class Resting {
  readonly #pause: () => void;
  readonly #resume: () => void;
  readonly #pace = new ReadingPace();
  /** Bytes of this turn's reads, at the end of which the pace is told of them. */
  #gathered = 0;
  #deciding: NodeJS.Immediate | null = null;
  #rest: NodeJS.Timeout | null = null;

  constructor(pause: () => void, resume: () => void) {
    this.#pause = pause;
    this.#resume = resume;
  }

  get isResting(): boolean {
    return this.#rest !== null;
  }

  /**
   * Some bytes have been read and handled. Not all that comes at the same time comes in one piece: what was read while
   * the socket was paused does not, and under TLS each row comes by itself. A rest for each of them would be a row a
   * millisecond.
   * @param came when, in monotonic milliseconds
   */
  read(bytes: number, came: number): void {
    this.#gathered += bytes;
    this.#deciding ??= setImmediate(() => {
      this.#deciding = null;
      const gathered = this.#gathered;
      this.#gathered = 0;
      const rest = this.#pace.read(gathered, came, performance.now());
      if (rest > 0 && this.#rest === null) this.#begin(rest);
    });
  }

  stop(): void {
    if (this.#rest !== null) clearTimeout(this.#rest);
    if (this.#deciding !== null) clearImmediate(this.#deciding);
    this.#rest = null;
    this.#deciding = null;
  }

  #begin(milliseconds: number): void {
    this.#pause();
    this.#rest = setTimeout(() => {
      this.#rest = null;
      this.#pace.rested(performance.now());
      this.#resume();
    }, milliseconds);
  }
}
