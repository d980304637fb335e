import type { Item } from './item.ts';

/** So many places to begin with: a power of two. */
const INITIAL = 1024;

/**
 * The last item of each lane, by lane: a table with open addressing and linear probing. Lanes are hashes already, so that their low
 * bits are the place. It is asked twice for each delivery; a Map hashes a number of 53 bits anew and keeps it as an object, which
 * takes twice as long.
 */
export class LaneTable {
  /** Where `#items` has none, the lane means nothing. */
  #lanes = new Float64Array(INITIAL);
  #items: (Item | null)[] = nothing(INITIAL);
  #mask = INITIAL - 1;
  #size = 0;

  get(lane: number): Item | undefined {
    return this.#items[this.#placeOf(lane)] ?? undefined;
  }

  /** The item is the last of its lane. Gives the one that was. */
  set(item: Item): Item | undefined {
    const { lane } = item.delivery;
    const at = this.#placeOf(lane);
    const before = this.#items[at] ?? undefined;
    this.#items[at] = item;
    if (before !== undefined) return before;
    this.#lanes[at] = lane;
    this.#size++;
    if (this.#size * 2 > this.#mask) this.#resize(2 * (this.#mask + 1));
    return undefined;
  }

  delete(lane: number): void {
    const items = this.#items;
    const lanes = this.#lanes;
    const mask = this.#mask;
    let gap = this.#placeOf(lane);
    if (items[gap] === null) return;
    // What comes behind moves up, unless its own place is behind the gap: so that no search ends too early.
    for (let at = (gap + 1) & mask; items[at] !== null; at = (at + 1) & mask) {
      const behind = lanes[at] ?? 0;
      if (((at - (behind >>> 0)) & mask) < ((at - gap) & mask)) continue;
      items[gap] = items[at] ?? null;
      lanes[gap] = behind;
      gap = at;
    }
    items[gap] = null;
    this.#size--;
    if (mask >= INITIAL && this.#size * 16 < mask) this.#resize((mask + 1) / 2);
  }

  /** Where the lane is, or the free place where it would be. */
  #placeOf(lane: number): number {
    const items = this.#items;
    const lanes = this.#lanes;
    const mask = this.#mask;
    let at = (lane >>> 0) & mask;
    while (items[at] !== null && lanes[at] !== lane) at = (at + 1) & mask;
    return at;
  }

  #resize(length: number): void {
    const old = this.#items;
    this.#lanes = new Float64Array(length);
    this.#items = nothing(length);
    this.#mask = length - 1;
    this.#size = 0;
    for (const item of old) if (item !== null) this.set(item);
  }
}

function nothing(length: number): (Item | null)[] {
  return Array.from({ length }, () => null);
}
