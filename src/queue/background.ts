import type { BackgroundPace } from './background-pace.ts';
import type { Item } from './item.ts';

/**
 * Of the lanes that a backfill has brought something into: which of their heads wait until no other head does. One that something else waits
 * behind waits no longer than that.
 */
export class Background {
  /** Heads by their lanes, the oldest first. */
  readonly #heads = new Map<number, Item>();
  readonly #pace: BackgroundPace | null;
  /** How many that came with the stream wait behind one of the background, by lane. A lane that is emptied and filled again counts anew. */
  readonly #behind = new Map<number, { live: number }>();

  /** @param pace null: they need leave no room */
  constructor(pace: BackgroundPace | null) {
    this.#pace = pace;
  }

  /** All heads that wait here. */
  get heads(): Iterable<Item> {
    return this.#heads.values();
  }

  /** Those of them that may be sent now: all or none. */
  get ready(): ReadonlyMap<number, Item> {
    return this.#heads.size === 0 || this.#pace === null || this.#pace.isOpen ? this.#heads : NONE;
  }

  /** An item comes to the end of its lane. Gives the lane's head if it waits no longer for others. */
  added(item: Item): Item | null {
    if (item.settled === null && this.#behind.size === 0) return null;
    if (item.settled === null) this.#pace?.live();
    const { lane } = item.delivery;
    const behind = this.#behind.get(lane);
    if (item.settled !== null) {
      if (behind === undefined) this.#behind.set(lane, { live: 0 });
      return null;
    }
    if (behind === undefined) return null;
    item.behindBackground = behind;
    behind.live++;
    const head = this.#heads.get(lane) ?? null;
    this.#heads.delete(lane);
    return head;
  }

  /** True if the item, which is a head now, waits here. */
  keeps(item: Item): boolean {
    const { lane } = item.delivery;
    if (item.settled === null || (this.#behind.get(lane)?.live ?? 0) > 0) return false;
    this.#heads.set(lane, item);
    return true;
  }

  /** The head that has waited here longest and may be sent now; null if there is none. */
  get oldest(): Item | null {
    if (this.#heads.size === 0) return null;
    return this.ready.values().next().value ?? null;
  }

  /** The same; it waits here no longer. */
  take(): Item | null {
    const head = this.oldest;
    if (head !== null) this.taken(head);
    return head;
  }

  /** The head is sent. */
  taken(head: Item): void {
    this.#heads.delete(head.delivery.lane);
    this.#pace?.took();
  }

  /** A head is done, and what follows it, if anything does, is the next. */
  released({ delivery, behindBackground, next }: Item): void {
    if (this.#behind.size === 0) return;
    const { lane } = delivery;
    if (next === null) this.#behind.delete(lane);
    else if (behindBackground !== null && behindBackground === this.#behind.get(lane)) behindBackground.live--;
  }

  /** The lane has nothing that waits any more. */
  forget(lane: number): void {
    if (this.#behind.size === 0) return;
    this.#behind.delete(lane);
    this.#heads.delete(lane);
  }
}

const NONE: ReadonlyMap<number, Item> = new Map();
