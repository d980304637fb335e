import type { Item } from './item.ts';

/**
 * Of the lanes that a backfill has brought something into: which of their heads wait until no other head does. One that something else waits
 * behind waits no longer than that.
 */
export class Background {
  /** Heads by their lanes, the oldest first. */
  readonly ready = new Map<number, Item>();
  /** How many that are not of the background wait behind one that is, by lane. */
  readonly #behind = new Map<number, number>();

  /** An item comes to the end of its lane. Gives the lane's head if it waits no longer for others. */
  added(item: Item): Item | null {
    if (item.settled === null && this.#behind.size === 0) return null;
    const { lane } = item.delivery;
    const behind = this.#behind.get(lane);
    if (item.settled !== null) {
      if (behind === undefined) this.#behind.set(lane, 0);
      return null;
    }
    if (behind === undefined) return null;
    item.isBehindBackground = true;
    this.#behind.set(lane, behind + 1);
    const head = this.ready.get(lane) ?? null;
    this.ready.delete(lane);
    return head;
  }

  /** True if the item, which is a head now, waits here. */
  keeps(item: Item): boolean {
    const { lane } = item.delivery;
    if (item.settled === null || (this.#behind.get(lane) ?? 0) > 0) return false;
    this.ready.set(lane, item);
    return true;
  }

  /** The head that has waited here longest; null if none does. */
  get oldest(): Item | null {
    if (this.ready.size === 0) return null;
    return this.ready.values().next().value ?? null;
  }

  /** The same; it waits here no longer. */
  take(): Item | null {
    const head = this.oldest;
    if (head !== null) this.ready.delete(head.delivery.lane);
    return head;
  }

  /** A head is done, and what follows it, if anything does, is the next. */
  released({ delivery, isBehindBackground, next }: Item): void {
    if (this.#behind.size === 0) return;
    const { lane } = delivery;
    if (next === null) this.#behind.delete(lane);
    else if (isBehindBackground) this.#behind.set(lane, Math.max(0, (this.#behind.get(lane) ?? 0) - 1));
  }

  /** The lane has nothing that waits any more. */
  forget(lane: number): void {
    if (this.#behind.size === 0) return;
    this.#behind.delete(lane);
    this.ready.delete(lane);
  }
}
