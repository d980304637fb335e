import type { Item } from './item.ts';

/**
 * The deliveries of an endpoint that are in memory, by lane. Each lane is a chain of items; only its head may be sent,
 * and the next becomes head when the one before is done. A lane with one item costs one map entry.
 */
export class Lanes {
  /** Last item of each lane. */
  readonly #tails = new Map<number, Item>();
  /** Heads that wait for a slot, oldest first; `#firstReady` is where they start. */
  #ready: Item[] = [];
  #firstReady = 0;
  /** Heads that are being sent. */
  readonly #running = new Set<Item>();
  #size = 0;

  /** Items in memory, those being sent included. */
  get size(): number {
    return this.#size;
  }

  /** Heads that wait for a slot. */
  get ready(): number {
    return this.#ready.length - this.#firstReady;
  }

  add(item: Item): void {
    const { lane } = item.delivery;
    const tail = this.#tails.get(lane);
    this.#tails.set(lane, item);
    this.#size++;
    if (tail === undefined) this.#ready.push(item);
    else tail.next = item;
  }

  /** The next head to send, or null. It runs until `release` or `drop`. */
  take(): Item | null {
    const item = this.#ready[this.#firstReady];
    if (item === undefined) return null;
    this.#firstReady++;
    if (this.#firstReady === this.#ready.length) {
      this.#ready.length = 0;
      this.#firstReady = 0;
    } else if (this.#firstReady === 4096) {
      this.#ready.splice(0, 4096);
      this.#firstReady = 0;
    }
    this.#running.add(item);
    return item;
  }

  /** The head is done: its lane goes on. Returns true if the lane is empty now. */
  release(head: Item): boolean {
    this.#running.delete(head);
    this.#size--;
    if (head.next !== null) {
      this.#ready.push(head.next);
      return false;
    }
    this.#tails.delete(head.delivery.lane);
    return true;
  }

  /** The head is done for now and its lane must not go on: takes the lane out and returns what waited behind the head. */
  drop(head: Item): Item[] {
    this.#running.delete(head);
    this.#tails.delete(head.delivery.lane);
    const followers = chain(head.next);
    head.next = null;
    this.#size -= 1 + followers.length;
    return followers;
  }

  /**
   * Takes out what waits in the lanes that `wants` names, by their heads, in no particular order. A head that is being sent
   * stays, with an empty lane behind it.
   */
  cut(wants: (head: Item) => boolean): Item[] {
    const waiting: Item[] = [];
    for (const head of this.#running) {
      if (head.next === null || !wants(head)) continue;
      waiting.push(...chain(head.next));
      head.next = null;
      this.#tails.set(head.delivery.lane, head);
    }
    const ready: Item[] = [];
    for (let i = this.#firstReady; i < this.#ready.length; i++) {
      const head = this.#ready[i];
      if (head === undefined) continue;
      if (!wants(head)) {
        ready.push(head);
        continue;
      }
      this.#tails.delete(head.delivery.lane);
      waiting.push(...chain(head));
    }
    this.#ready = ready;
    this.#firstReady = 0;
    this.#size -= waiting.length;
    return waiting;
  }

  /** Heads that are being sent. */
  get running(): ReadonlySet<Item> {
    return this.#running;
  }
}

function chain(head: Item | null): Item[] {
  const items: Item[] = [];
  for (let item = head; item !== null; item = item.next) items.push(item);
  for (const item of items) item.next = null;
  return items;
}
