import type { Item } from './item.ts';

/**
 * The items of an endpoint that are being sent: a list that runs through the items themselves, oldest first. It is written twice for
 * each delivery, where a Set takes three times as long.
 */
export class Running implements Iterable<Item> {
  #first: Item | null = null;
  #last: Item | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(item: Item): void {
    item.isRunning = true;
    item.before = this.#last;
    if (this.#last === null) this.#first = item;
    else this.#last.after = item;
    this.#last = item;
    this.#size++;
  }

  delete(item: Item): void {
    if (!item.isRunning) return;
    const { before, after } = item;
    if (before === null) this.#first = after;
    else before.after = after;
    if (after === null) this.#last = before;
    else after.before = before;
    item.isRunning = false;
    item.before = null;
    item.after = null;
    this.#size--;
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (let item = this.#first; item !== null; item = item.after) yield item;
  }
}
