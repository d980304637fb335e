import { performance } from 'node:perf_hooks';
import type { Sequence } from '../delivery.ts';
import { type BlockedLanes, MOST_BLOCKED_LANES } from './blocked-lanes.ts';
import type { Item } from './item.ts';
import type { ParkingStore, Stored } from './port.ts';
import { LONGEST_TIMEOUT } from './retry.ts';
import type { Writer } from './writer.ts';

/** Rows read at a time. */
const PAGE = 500;
/** No more is read while so many rows are in memory. */
const ENOUGH = 500;
/** Lanes read at a time. */
const LANES = 200;
/** Pause after the store failed, in milliseconds. */
const STORE_PAUSE = 1_000;
/** A probe comes this long after the breaker's time is over, in milliseconds, so that the breaker agrees that it is. */
const PROBE_DELAY = 20;

export interface DrainOptions {
  readonly endpoint: string;
  readonly store: ParkingStore;
  readonly writer: Writer;
  readonly blocked: BlockedLanes;
  /** Puts a row into its lane in memory. */
  readonly load: (stored: Stored) => void;
  /** Calls `read` while newcomers are held back; `read` says whether that was all. */
  readonly catchUp: (read: () => Promise<boolean>) => Promise<void>;
  /** Lets held items in again. */
  readonly readmit: (items: readonly Item[]) => void;
  /** True if everything for the endpoint goes through the store. */
  readonly storing: () => boolean;
}

/**
 * Reads an endpoint's parked deliveries back, in order, when they are due and while the endpoint takes them. A row stays
 * in the store until it is delivered, so losing what was read loses nothing.
 */
export class Drain {
  readonly #options: DrainOptions;
  /** Ids of the rows that are in memory, or that left it without the store knowing yet. */
  readonly #loaded = new Set<string>();
  /** How far the scan over all lanes has come. */
  #cursor: Sequence | null = null;
  #state: 'stopped' | 'open' | 'paused' | 'probing' = 'stopped';
  #started = false;
  #running = false;
  /** Wakes when the next lane is due, or to try the store again. */
  #alarm: NodeJS.Timeout | null = null;
  /** Ends the pause of an open breaker. */
  #probeAlarm: NodeJS.Timeout | null = null;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  start(): void {
    this.#started = true;
    if (this.#state === 'stopped') this.#state = 'open';
    this.wake();
  }

  /** For good. */
  stop(): void {
    this.#started = false;
    this.#state = 'stopped';
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    if (this.#probeAlarm !== null) clearTimeout(this.#probeAlarm);
  }

  /** The breaker is open: nothing is read for `ms`, then one row as a probe. */
  pause(ms: number): void {
    if (this.#state === 'stopped') return;
    this.#state = 'paused';
    if (this.#probeAlarm !== null) clearTimeout(this.#probeAlarm);
    this.#probeAlarm = after(ms + PROBE_DELAY, () => {
      if (this.#state === 'paused') this.#state = 'probing';
      this.wake();
    });
  }

  /** The breaker is closed again. */
  resume(): void {
    if (this.#state === 'stopped') return;
    if (this.#probeAlarm !== null) clearTimeout(this.#probeAlarm);
    this.#state = 'open';
    this.wake();
  }

  /** Everything goes through the store now: scan it from the start. */
  restart(): void {
    this.#cursor = null;
    this.wake();
  }

  /** A row has left memory, and what became of it is durable. */
  unloaded(id: string): void {
    this.#loaded.delete(id);
    if (this.#loaded.size < ENOUGH) this.wake();
  }

  /** Something may be due. */
  wake(): void {
    if (!this.#started || this.#running || this.#state === 'paused' || this.#state === 'stopped') return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#started && (await this.#step()));
    } catch {
      // The writer reports a store that fails; reading is tried again a little later.
      this.#running = false;
      this.#setAlarm(STORE_PAUSE);
      return;
    }
    this.#running = false;
    this.#sleepUntilDue();
  }

  /** Reads a page of what is due. False if there is nothing to do for now. */
  async #step(): Promise<boolean> {
    if (this.#state === 'probing') return this.#probe();
    if (this.#state !== 'open' || this.#loaded.size >= ENOUGH) return false;
    const due = this.#options.blocked.due(performance.now(), LANES);
    if (due.length > 0) {
      await this.#readLanes(due);
      return true;
    }
    // With so many lanes that fail, the rest wait: what is remembered of lanes has a bound.
    if (!this.#options.storing() || this.#options.blocked.size > MOST_BLOCKED_LANES) return false;
    return this.#scan();
  }

  /** Sends the first row there is, to see whether the endpoint lives. */
  async #probe(): Promise<boolean> {
    await this.#options.writer.flushed();
    const [first] = await this.#page(null, null, 1);
    if (!this.#started) return false;
    if (first === undefined) {
      this.#state = 'open';
      return true;
    }
    this.#state = 'paused';
    this.#options.blocked.busy(first.delivery.lane);
    this.#load(first);
    return false;
  }

  /** Reads what is stored of some lanes; a lane that is read to its end is free again. */
  async #readLanes(lanes: readonly number[]): Promise<void> {
    const { blocked, writer, readmit } = this.#options;
    for (const lane of lanes) blocked.hold(lane);
    let rows: Stored[];
    try {
      await writer.flushed();
      rows = await this.#page(lanes, null, PAGE);
    } catch (error) {
      for (const lane of lanes) this.#putBack(lane);
      throw error;
    }
    const whole = rows.length < PAGE;
    const read = new Set(rows.map((row) => row.delivery.lane));
    // A lane that opened the breaker meanwhile, or whose endpoint did, is read another time.
    if (this.#state !== 'open') {
      for (const lane of lanes) this.#putBack(lane);
      return;
    }
    const held = new Map(lanes.map((lane) => [lane, blocked.free(lane)]));
    for (const lane of lanes) {
      if (whole) continue;
      // Not all of them were read: those that were not are due at once, those that were once they are through.
      if (read.has(lane)) blocked.busy(lane);
      else blocked.wait(lane, performance.now());
    }
    for (const row of rows) this.#load(row);
    for (const items of held.values()) readmit(items);
  }

  #putBack(lane: number): void {
    const { blocked, readmit } = this.#options;
    const held = blocked.free(lane);
    blocked.wait(lane, performance.now());
    readmit(held);
  }

  /** Reads the next page over all lanes. */
  async #scan(): Promise<boolean> {
    await this.#options.writer.flushed();
    const more = await this.#scanPage();
    if (!this.#options.storing() || this.#state !== 'open') return false;
    if (!more) await this.#options.catchUp(() => this.#scanRest());
    return true;
  }

  async #scanRest(): Promise<boolean> {
    await this.#options.writer.flushed();
    return !(await this.#scanPage());
  }

  /** True if there is more. */
  async #scanPage(): Promise<boolean> {
    const rows = await this.#page(null, this.#cursor, PAGE);
    if (this.#state !== 'open') return true;
    for (const row of rows) {
      this.#cursor = row.delivery.sequence;
      if (!this.#options.blocked.has(row.delivery.lane)) this.#load(row);
    }
    return rows.length === PAGE;
  }

  #load(row: Stored): void {
    if (this.#loaded.has(row.delivery.id)) return;
    this.#loaded.add(row.delivery.id);
    this.#options.load(row);
  }

  #page(lanes: readonly number[] | null, after: Sequence | null, limit: number): Promise<Stored[]> {
    return this.#options.store.page({ endpoint: this.#options.endpoint, lanes, after, limit });
  }

  #sleepUntilDue(): void {
    if (this.#state !== 'open') return;
    const wait = this.#options.blocked.nextDue - performance.now();
    if (wait < Number.POSITIVE_INFINITY) this.#setAlarm(wait);
  }

  #setAlarm(ms: number): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = after(ms, () => this.wake());
  }
}

function after(ms: number, then: () => void): NodeJS.Timeout {
  return setTimeout(then, Math.min(Math.max(0, Math.ceil(ms)), LONGEST_TIMEOUT));
}
