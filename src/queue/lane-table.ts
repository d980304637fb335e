import type { Item } from './item.ts';

/** So many places to begin with: a power of two. */
const INITIAL = 1024;

/**
 * The last item of each lane, by lane: a table with open addressing and linear probing. Lanes are hashes already, so that their low
 * bits are the place. It is asked three times for each delivery; a Map hashes a number of 53 bits anew and keeps it as an object, which
 * takes several times as long.
 */
export class LaneTable {
  #items: (Item | null)[] = new Array<Item | null>(INITIAL).fill(null);
  #mask = INITIAL - 1;
  #size = 0;

  get(lane: number): Item | undefined {
    const items = this.#items;
    const mask = this.#mask;
    for (let at = (lane >>> 0) & mask; ; at = (at + 1) & mask) {
      const item = items[at];
      if (item === null || item === undefined) return undefined;
      if (item.delivery.lane === lane) return item;
    }
  }

  /** The item is the last of its lane. Gives the one that was. */
  set(item: Item): Item | undefined {
    const { lane } = item.delivery;
    const items = this.#items;
    const mask = this.#mask;
    for (let at = (lane >>> 0) & mask; ; at = (at + 1) & mask) {
      const found = items[at];
      if (found === null || found === undefined) {
        items[at] = item;
        this.#size++;
        if (this.#size * 2 > items.length) this.#resize(items.length * 2);
        return undefined;
      }
      if (found.delivery.lane === lane) {
        items[at] = item;
        return found;
      }
    }
  }

  delete(lane: number): void {
    const items = this.#items;
    const mask = this.#mask;
    let gap = (lane >>> 0) & mask;
    for (; ; gap = (gap + 1) & mask) {
      const item = items[gap];
      if (item === null || item === undefined) return;
      if (item.delivery.lane === lane) break;
    }
    this.#size--;
    // What comes behind moves up, unless its own place is behind the gap: so that no search ends too early.
    for (let at = (gap + 1) & mask; ; at = (at + 1) & mask) {
      const item = items[at];
      if (item === null || item === undefined) break;
      const home = (item.delivery.lane >>> 0) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      items[gap] = item;
      gap = at;
    }
    items[gap] = null;
    if (items.length > INITIAL && this.#size * 16 < items.length) this.#resize(items.length / 2);
  }

  #resize(length: number): void {
    const old = this.#items;
    this.#items = new Array<Item | null>(length).fill(null);
    this.#mask = length - 1;
    this.#size = 0;
    for (const item of old) if (item !== null) this.set(item);
  }
}
