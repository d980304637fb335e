import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Room for what dies young, in bytes, once there is load: V8's two halves together. With less, what is in flight outlives it and has to be collected as old. */
export const ROOM = 32 * 1024 * 1024;
/** So much of what lives in the old generation may come to it before it is collected, in percent. */
const OLD_GROWTH = 100;
/** So many collections within `WINDOW` milliseconds are load. At rest there is one in a second or two. */
const LOAD = 10;
const WINDOW = 1_000;

/** Words of a piece, pieces between two looks at the size, and pieces after which V8 is taken not to grow. */
const PIECE = 256;
const LOOK_EVERY = 64;
const ENOUGH_PIECES = 3 * (ROOM / (PIECE * 8));

/**
 * Keeps V8's heap near what lives in it. By itself V8 lets the young generation grow to 128 MiB and the old one to four
 * times what lives there: a daemon whose live data is bounded by `limits.memory` comes to 400 MB resident in its first
 * large transaction, and stays there. The limit of the heap is left alone: no row is too large because of this.
 *
 * V8 goes by both flags at each collection, so that they work while it runs, and no image, unit or shell has to name them.
 * https://nodejs.org/api/v8.html#v8setflagsfromstringflags
 */
export class YoungGeneration {
  #observer: PerformanceObserver | null = null;
  #since = 0;
  #collections = 0;

  /** To be made before the program is loaded: what is loaded lives on, and would make it grow for nothing. */
  constructor() {
    setFlagsFromString(`--heap-growing-percent=${OLD_GROWTH}`);
    allowGrowth(false);
  }

  /** The program is loaded: from now on it grows when there is load. May be called twice. */
  grow(): void {
    if (this.#observer !== null) return;
    this.#observer = new PerformanceObserver((list) => this.#collected(list.getEntries().length));
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** May be called twice. */
  stop(): void {
    this.#observer?.disconnect();
    this.#observer = null;
  }

  #collected(times: number): void {
    const now = performance.now();
    if (now - this.#since > WINDOW) {
      this.#since = now;
      this.#collections = 0;
    }
    this.#collections += times;
    // V8 takes the room back when nothing happens for long.
    if (this.#collections >= LOAD && youngSize() < ROOM) growNow();
  }
}

/** What the young generation takes, in bytes of both halves. */
export function youngSize(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

/**
 * The largest size is fixed when V8 starts; while it runs, one can only let it double, each time that enough has survived.
 * So something does, here and now (10 ms): left to the load, it would double once too often before anyone could look.
 */
function growNow(): void {
  allowGrowth(true);
  const piece = Array.from({ length: PIECE }, () => 0);
  let survivors: number[][] = [];
  for (let pieces = 0; pieces < ENOUGH_PIECES; pieces++) {
    if (pieces % LOOK_EVERY === 0 && youngSize() >= ROOM) break;
    if (survivors.length * PIECE * 8 > ROOM / 2) survivors = [];
    survivors.push(piece.slice());
  }
  allowGrowth(false);
}

function allowGrowth(yes: boolean): void {
  setFlagsFromString(`--semi-space-growth-factor=${yes ? 2 : 1}`);
}
