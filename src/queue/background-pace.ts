import { performance } from 'node:perf_hooks';

/** Deliveries of the stream have come within this time, in milliseconds: then those of backfills leave them room. */
const LATELY = 1_000;
/** Between looks, in milliseconds, and looks until the pace is set anew. */
const TICK = 2;
const TICKS = 25;
/** The part of its time that the process may be busy, all in all: above it the pace falls, below it rises. */
const BUSY = 0.3;
/** Deliveries a second. */
const FIRST = 500;
const LEAST = 250;
const MOST = 100_000;

export interface BackgroundClock {
  /** Of performance.now(). */
  readonly now: () => number;
  /** The part of its time, since it was asked last, that the process was busy: 0 to 1. */
  readonly busy: () => number;
}

/**
 * How fast deliveries of backfills go, over all endpoints. While none comes with the stream: as fast as they can. Else so that the process has
 * time left, for what comes with the stream would wait in it for its turn.
 */
export class BackgroundPace {
  readonly #clock: BackgroundClock;
  readonly #onOpen: (() => void)[] = [];
  #liveAt = Number.NEGATIVE_INFINITY;
  #perSecond = FIRST;
  #free = 0;
  #ticks = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(clock: BackgroundClock = { now: () => performance.now(), busy: busyOf() }) {
    this.#clock = clock;
  }

  /** Something has come with the stream, while something of a backfill is in memory. */
  live(): void {
    if (this.isHurried) return void (this.#liveAt = this.#clock.now());
    this.#liveAt = this.#clock.now();
    this.#clock.busy();
    this.#perSecond = Math.min(this.#perSecond, FIRST);
    this.#free = 0;
  }

  /** Deliveries of the stream come. */
  get isHurried(): boolean {
    return this.#clock.now() - this.#liveAt < LATELY;
  }

  /** One may be sent. If not, those who asked are told when it may. */
  get isOpen(): boolean {
    if (!this.isHurried || this.#free >= 1) return true;
    this.#timer ??= setInterval(() => this.tick(), TICK);
    return false;
  }

  /** One is sent. */
  took(): void {
    if (this.#free > 0) this.#free--;
  }

  /** @param call may ask at once */
  onOpen(call: () => void): void {
    this.#onOpen.push(call);
  }

  /** Called every 2 ms while somebody waits. */
  tick(): void {
    if (++this.#ticks % TICKS === 0) {
      const isBusy = this.#clock.busy() > BUSY;
      this.#perSecond = Math.min(MOST, Math.max(LEAST, this.#perSecond * (isBusy ? 0.7 : 1.1)));
    }
    const share = (this.#perSecond * TICK) / 1000;
    this.#free = Math.min(this.#free + share, Math.max(1, 2 * share));
    if (this.isHurried && this.#free < 1) return;
    // Whoever still has to wait begins the ticks again.
    if (this.#timer !== null && !this.isHurried) this.stop();
    for (const call of this.#onOpen) call();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}

function busyOf(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}
