import type { Item } from './item.ts';

/**
 * A lane that has rows in the store, so that what comes next for it must wait behind them.
 * - `waiting`: its head is due at `dueAt`;
 * - `busy`: a delivery of it is being sent, or read back; nobody else may read it from the store;
 * - `held`: the last of its rows are being read; what comes meanwhile is kept in memory to follow them.
 */
export type BlockedLane =
  | { readonly state: 'waiting'; readonly dueAt: number }
  | { readonly state: 'busy' }
  | { readonly state: 'held'; readonly items: Item[] };

/** More blocked lanes than this are not remembered one by one: then everything for the endpoint goes through the store. */
export const MOST_BLOCKED_LANES = 10_000;

const BUSY: BlockedLane = { state: 'busy' };

/** The lanes of an endpoint that wait, with the times (monotonic, milliseconds) when they are due. */
export class BlockedLanes {
  readonly #lanes = new Map<number, BlockedLane>();
  /** No lane is due before this. */
  #nextDue = Number.POSITIVE_INFINITY;

  get size(): number {
    return this.#lanes.size;
  }

  get nextDue(): number {
    return this.#nextDue;
  }

  get(lane: number): BlockedLane | undefined {
    return this.#lanes.get(lane);
  }

  has(lane: number): boolean {
    return this.#lanes.has(lane);
  }

  isBusy(lane: number): boolean {
    return this.#lanes.get(lane) === BUSY;
  }

  isWaiting(lane: number): boolean {
    return this.#lanes.get(lane)?.state === 'waiting';
  }

  wait(lane: number, dueAt: number): void {
    this.#lanes.set(lane, { state: 'waiting', dueAt });
    this.#nextDue = Math.min(this.#nextDue, dueAt);
  }

  busy(lane: number): void {
    this.#lanes.set(lane, BUSY);
  }

  hold(lane: number): void {
    this.#lanes.set(lane, { state: 'held', items: [] });
  }

  /** The lane waits no more. Returns what was held for it. */
  free(lane: number): Item[] {
    const entry = this.#lanes.get(lane);
    this.#lanes.delete(lane);
    return entry?.state === 'held' ? entry.items : [];
  }

  /** Takes out all that is held, in no particular order. What comes for these lanes from now on is held again. */
  takeHeld(): Item[] {
    return [...this.#lanes.values()].flatMap((entry) => (entry.state === 'held' ? entry.items.splice(0) : []));
  }

  /** Up to `limit` lanes that are due. They stay so until told otherwise. */
  due(now: number, limit: number): number[] {
    if (now < this.#nextDue) return [];
    const due: number[] = [];
    let next = Number.POSITIVE_INFINITY;
    for (const [lane, entry] of this.#lanes) {
      if (entry.state !== 'waiting') continue;
      if (entry.dueAt <= now && due.length < limit) due.push(lane);
      next = Math.min(next, entry.dueAt);
    }
    this.#nextDue = next;
    return due;
  }
}
