import { type Delivery, precedes, type Sequence } from '../delivery.ts';
import { Alarm } from './alarm.ts';
import { type BlockedLanes, MOST_BLOCKED_LANES } from './blocked-lanes.ts';
import type { Item } from './item.ts';
import { Loaded } from './loaded.ts';
import { type Page, Pages } from './pages.ts';
import type { ParkingStore, Stored } from './port.ts';
import type { Writer } from './writer.ts';

/** Lanes read at a time. */
const LANES = 200;
/** Pause after the store failed, in milliseconds. */
const STORE_PAUSE = 1_000;
/** A probe comes this long after the breaker's time is over, in milliseconds: timers may be early, and then its success would not count. */
const PROBE_DELAY = 20;

export interface DrainOptions {
  readonly endpoint: string;
  readonly store: ParkingStore;
  readonly writer: Writer;
  readonly blocked: BlockedLanes;
  /** How much of what is stored may be in memory at once, in bytes. */
  readonly memory: number;
  /** Puts a row into its lane in memory. */
  readonly load: (stored: Stored) => void;
  /** Calls `read` while newcomers are held back; `read` says whether that was all. */
  readonly catchUp: (read: () => Promise<boolean>) => Promise<void>;
  /** Lets held items in again. */
  readonly readmit: (items: readonly Item[]) => void;
  /** True if everything for the endpoint goes through the store. */
  readonly storing: () => boolean;
  /** Some of what is stored cannot be read; null: all of it can again. It is tried all the time. */
  readonly onUnreadable: (error: Error | null) => void;
}

/**
 * Reads an endpoint's parked deliveries back, in order, when they are due and while the endpoint takes them. A row stays
 * in the store until it is delivered, so losing what was read loses nothing.
 */
export class Drain {
  readonly #options: DrainOptions;
  /** The rows that are in memory, or that left it without the store knowing yet. */
  readonly #loaded: Loaded;
  readonly #pages: Pages;
  /** Rows that were done with since the last page was asked for: it may still hold them. */
  readonly #done = new Set<string>();
  /** How far the scan over all lanes has come, and which scan it is. */
  #cursor: Sequence | null = null;
  #scan = 0;
  /** The first, in sequence, of the newcomers that were stored since a page was asked for. */
  #lowest: Sequence | null = null;
  #state: 'open' | 'paused' | 'probing' = 'open';
  #started = false;
  #stopped = false;
  #running = false;
  /** True if something happened that the running loop may have missed. */
  #woken = false;
  /** The row that is in memory as a probe, and whose outcome decides. */
  #probeId: string | null = null;
  /** The next probe goes though its lane's time has not come. */
  #isForced = false;
  /** How many pauses there were. */
  #pauses = 0;
  /** The length of the breaker's pause, in milliseconds. */
  #pause = 0;
  /** Wakes when the next lane is due, or to try the store again. */
  readonly #alarm = new Alarm();
  /** Ends the pause of an open breaker. */
  readonly #probeAlarm = new Alarm();

  constructor(options: DrainOptions) {
    this.#options = options;
    this.#loaded = new Loaded(options.memory);
    const { endpoint, store, onUnreadable } = options;
    this.#pages = new Pages({ endpoint, store, limit: this.#loaded.page, bytes: this.#loaded.pageBytes, onUnreadable: (error) => !this.#stopped && onUnreadable(error) });
  }

  /** False if it reads nothing more before something that is in memory has been sent. */
  get bringsMore(): boolean {
    return this.isOpen && this.#loaded.hasRoom;
  }

  /** True while all that is due is read. */
  get isOpen(): boolean {
    return !this.#stopped && this.#state === 'open';
  }

  start(): void {
    this.#started = true;
    this.wake();
  }

  /** For good. */
  stop(): void {
    this.#stopped = true;
    this.#alarm.clear();
    this.#probeAlarm.clear();
  }

  /** Nothing is read for `ms`, then one row as a probe; null: nothing until `resume`. */
  pause(ms: number | null): void {
    if (this.#stopped) return;
    this.#state = 'paused';
    this.#pauses++;
    this.#isForced = false;
    this.#probeId = null;
    this.#probeAlarm.clear();
    if (ms === null) return;
    this.#pause = ms;
    this.#probeAlarm.set(ms + PROBE_DELAY, () => {
      if (this.#state === 'paused') this.#state = 'probing';
      this.wake();
    });
  }

  /** The pause is over now: one row is read as a probe, whether or not its lane's time has come. One that is under way already decides. */
  probe(): void {
    if (this.#stopped || this.#state === 'open' || this.#probeId !== null) return;
    this.#probeAlarm.clear();
    this.#state = 'probing';
    this.#isForced = true;
    this.wake();
  }

  /** All may be read again. */
  resume(): void {
    this.#probeAlarm.clear();
    this.#state = 'open';
    this.#probeId = null;
    this.#isForced = false;
    this.wake();
  }

  /** Everything goes through the store now: scan it from the start. */
  restart(): void {
    this.#cursor = null;
    this.#scan++;
    this.wake();
  }

  /** A delivery in memory has been stored where it is: it is one of the rows from now on. */
  adopt(delivery: Delivery): void {
    this.#loaded.add(delivery);
  }

  /** A newcomer is about to be stored. A topic's partitions have no common order: what belongs before what has been read is read yet. */
  comes({ sequence }: Delivery): void {
    if (this.#lowest === null || precedes(sequence, this.#lowest)) this.#lowest = sequence;
  }

  /** A row has left memory, and what became of it is durable. */
  done(id: string): void {
    if (this.#running) this.#done.add(id);
    this.returned(id);
  }

  /** A row has left memory and is in the store as it was. */
  returned(id: string): void {
    this.#loaded.remove(id);
    if (id === this.#probeId) {
      // It was not sent, or came to nothing that decides: another one has to.
      this.#probeId = null;
      this.#state = 'probing';
      this.wake();
    }
    if (this.#loaded.hasRoom) this.wake();
  }

  /** Something may be due. */
  wake(): void {
    this.#woken = true;
    if (!this.#isAlive() || this.#running || this.#state === 'paused') return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  async #run(): Promise<void> {
    try {
      while (this.#woken && this.#isAlive()) {
        this.#woken = false;
        while (this.#isAlive() && (await this.#step()));
      }
      this.#sleepUntilDue();
    } catch {
      // It has been told, by the writer or as unreadable: reading is tried again a little later.
      this.#setAlarm(STORE_PAUSE);
    }
    this.#running = false;
  }

  /** Reads a page of what is due. False if there is nothing to do for now. */
  async #step(): Promise<boolean> {
    if (this.#state === 'probing') return this.#probe();
    if (this.#state === 'paused' || !this.#loaded.hasRoom) return false;
    const due = this.#options.blocked.due(performance.now(), LANES);
    if (due.length > 0) {
      await this.#readLanes(due);
      return true;
    }
    // With so many lanes that fail, the rest wait: what is remembered of lanes has a bound.
    if (!this.#options.storing() || this.#options.blocked.size > MOST_BLOCKED_LANES) return false;
    return this.#readOn();
  }

  /** Sends one row whose time has come, to see whether the endpoint lives. */
  async #probe(): Promise<boolean> {
    const { blocked, writer } = this.#options;
    const pauses = this.#pauses;
    await writer.flushed();
    let isEmpty = true;
    const [due] = blocked.due(this.#isForced ? Number.POSITIVE_INFINITY : performance.now(), 1);
    let row: Stored | undefined;
    for (let page: Page | null = null; row === undefined && page?.isAll !== true; ) {
      // Rows of lanes that wait may be many: on behind them, to the first that may be sent.
      page = await this.#page(due === undefined ? null : [due], page?.rows.at(-1)?.delivery.sequence ?? null);
      // What was flushed before a pause says nothing of what was handed in since.
      if (!this.#isAlive() || this.#state !== 'probing' || pauses !== this.#pauses) return true;
      row = page.rows.find(({ delivery }) => delivery.lane === due || !blocked.has(delivery.lane));
      isEmpty &&= page.rows.length === 0;
    }
    if (row !== undefined && this.#isKnown(row.delivery.id)) return true;
    if (row !== undefined) {
      // Until its outcome is known.
      this.#state = 'paused';
      this.#isForced = false;
      this.#probeId = row.delivery.id;
      blocked.busy(row.delivery.lane);
      this.#load(row);
    } else if (due !== undefined) {
      blocked.free(due);
      return true;
    } else if (!isEmpty) {
      this.pause(this.#pause);
    }
    // With nothing stored at all, the next that is parked wakes us.
    return false;
  }

  /** Reads what is stored of some lanes; a lane that is read to its end is free again. */
  async #readLanes(lanes: readonly number[]): Promise<void> {
    const { blocked, writer, readmit } = this.#options;
    for (const lane of lanes) blocked.hold(lane);
    let page: Page;
    try {
      await writer.flushed();
      page = await this.#page(lanes, null);
    } catch (error) {
      for (const lane of lanes) this.#putBack(lane);
      throw error;
    }
    // The breaker has opened, or all is over.
    if (!this.#mayLoad()) {
      for (const lane of lanes) this.#putBack(lane);
      return;
    }
    const held = lanes.map((lane) => blocked.free(lane));
    if (!page.isAll) {
      // Lanes that are not in the page are due at once, those that are in it once they are through.
      const read = new Set(page.rows.map((row) => row.delivery.lane));
      for (const lane of lanes) {
        if (read.has(lane)) blocked.busy(lane);
        else blocked.wait(lane, performance.now());
      }
    }
    for (const row of page.rows) this.#load(row);
    for (const items of held) readmit(items);
  }

  #putBack(lane: number): void {
    const { blocked, readmit } = this.#options;
    const held = blocked.free(lane);
    blocked.wait(lane, performance.now());
    readmit(held);
  }

  /** Reads the next page over all lanes. */
  async #readOn(): Promise<boolean> {
    const isAll = await this.#scanPage();
    if (!this.#options.storing() || !this.#mayLoad()) return false;
    if (isAll) await this.#options.catchUp(() => this.#scanPage());
    return true;
  }

  /** True if that was all. */
  async #scanPage(): Promise<boolean> {
    this.#goBack();
    await this.#options.writer.flushed();
    const scan = this.#scan;
    const { rows, isAll } = await this.#page(null, this.#cursor);
    // A scan that began anew meanwhile has to see these rows again: others came before them.
    if (scan !== this.#scan || !this.#mayLoad()) return false;
    const { blocked } = this.#options;
    for (const row of rows) {
      this.#cursor = row.delivery.sequence;
      const { lane } = row.delivery;
      if (blocked.has(lane)) continue;
      // The head of a lane that was not known to wait: there are too many of them to be asked for at a restart.
      if (row.dueIn > 0 && !this.#isKnown(row.delivery.id)) blocked.wait(lane, performance.now() + row.dueIn);
      else this.#load(row);
    }
    return isAll;
  }

  /** Newcomers from now on may or may not be in the page that is asked for next. */
  #goBack(): void {
    if (this.#lowest !== null && this.#cursor !== null && precedes(this.#lowest, this.#cursor)) this.#cursor = { ...this.#lowest, nth: this.#lowest.nth - 1 };
    this.#lowest = null;
  }

  #load(row: Stored): void {
    const { delivery } = row;
    if (this.#isKnown(delivery.id)) return;
    this.#loaded.add(delivery);
    this.#options.load(row);
  }

  /** It is in memory, or has been done with since the page was asked for. */
  #isKnown(id: string): boolean {
    return this.#loaded.has(id) || this.#done.has(id);
  }

  #page(lanes: readonly number[] | null, after: Sequence | null): Promise<Page> {
    this.#done.clear();
    return this.#pages.read({ lanes, after });
  }

  #isAlive(): boolean {
    return this.#started && !this.#stopped;
  }

  #mayLoad(): boolean {
    return this.#isAlive() && this.#state === 'open';
  }

  #sleepUntilDue(): void {
    // A full memory wakes us itself, once it has room.
    if (this.#state !== 'open' || !this.#loaded.hasRoom) return;
    const wait = this.#options.blocked.nextDue - performance.now();
    if (wait < Number.POSITIVE_INFINITY) this.#setAlarm(wait);
  }

  #setAlarm(ms: number): void {
    if (!this.#stopped) this.#alarm.set(ms, () => this.wake());
  }
}
