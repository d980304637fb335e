import { type Delivery, DRAFT, sendsAlike } from '../delivery.ts';
import { Background } from './background.ts';
import type { BackgroundPace } from './background-pace.ts';
import type { Item } from './item.ts';
import { LaneTable } from './lane-table.ts';
import { Running } from './running.ts';

/** What may go in one request. */
export interface BatchRules {
  /** Deliveries at most. */
  readonly size: number;
  /** Bytes of their bodies at most; the first may be larger. */
  readonly bytes: number;
  /** True for a delivery that goes alone. */
  readonly isAlone: (delivery: Delivery) => boolean;
}

/** So many heads are looked at for each that fits: others may be of other requests. */
const LOOKED_AT = 8;

/**
 * The deliveries of an endpoint that are in memory, by lane. Each lane is a chain of items; only its head may be sent,
 * and the next becomes head when the one before is done. In a batch, what follows a head may be sent with it. A lane with
 * one item costs one map entry.
 */
export class Lanes {
  /** Last item of each lane. */
  readonly #tails = new LaneTable();
  /** Heads that wait for a slot, oldest first; `#firstReady` is where they start. */
  #ready: Item[] = [];
  #firstReady = 0;
  /** Heads that wait until no other does. */
  readonly #background: Background;
  #heads = 0;
  /** What is being sent: heads and, in batches, what follows them. */
  readonly #running = new Running();
  #size = 0;

  /** @param pace of what backfills bring; null: it need leave no room */
  constructor(pace: BackgroundPace | null = null) {
    this.#background = new Background(pace);
  }

  /** Items in memory, those being sent included. */
  get size(): number {
    return this.#size;
  }

  /** Items that are not being sent. */
  get waiting(): number {
    return this.#size - this.#running.size;
  }

  /** Heads that wait for a slot. */
  get ready(): number {
    return this.readyLive + this.#background.ready.size;
  }

  /** Of these, those that are not of the background. */
  get readyLive(): number {
    return this.#ready.length - this.#firstReady;
  }

  /** Heads there have been so far. */
  get heads(): number {
    return this.#heads;
  }

  /** The head that has waited longest for a slot; null if none waits. */
  get oldest(): Item | null {
    return this.#ready[this.#firstReady] ?? this.#background.oldest;
  }

  /** True if so many wait that are heads, or follow one that is not being sent. */
  hasReady(count: number): boolean {
    if (this.ready >= count) return true;
    if (this.waiting < count) return false;
    let found = 0;
    for (let i = this.#firstReady; i < this.#ready.length; i++) {
      for (let item = this.#ready[i] ?? null; item !== null; item = item.next) if (++found === count) return true;
    }
    for (const head of this.#background.ready.values()) {
      for (let item: Item | null = head; item !== null; item = item.next) if (++found === count) return true;
    }
    return false;
  }

  add(item: Item): void {
    const tail = this.#tails.set(item);
    this.#size++;
    const promoted = this.#background.added(item);
    if (promoted !== null) this.#ready.push(promoted);
    if (tail === undefined) this.#becomesHead(item);
    else tail.next = item;
  }

  /** The next head to send, or null. It runs until `release` or `drop`. */
  take(): Item | null {
    const item = this.#ready[this.#firstReady];
    if (item === undefined) {
      const last = this.#background.take();
      if (last !== null) this.#running.add(last);
      return last;
    }
    this.#firstReady++;
    this.#forget();
    this.#running.add(item);
    return item;
  }

  /**
   * The next heads that go in one request, each with what may follow it: none if there is no head. They run until each is
   * released, in their order, or dropped.
   */
  takeBatch({ size, bytes, isAlone }: BatchRules): Item[] {
    const first = this.take();
    if (first === null) return [];
    const batch = [first];
    if (isAlone(first.delivery)) return batch;
    let room = bytes - Buffer.byteLength(first.delivery.body);
    /** True if the item has joined. */
    const join = (item: Item): boolean => {
      const { request, body } = item.delivery;
      if (!sendsAlike(request, first.delivery.request) || isAlone(item.delivery)) return false;
      const length = Buffer.byteLength(body);
      if (length > room) return false;
      room -= length;
      this.#running.add(item);
      batch.push(item);
      return true;
    };
    const joinFollowers = (head: Item): void => {
      for (let item = head; item.next !== null && batch.length < size; item = item.next) {
        if (!endAlike(item, item.next) || !join(item.next)) return;
      }
    };
    joinFollowers(first);
    let next = this.#firstReady;
    const stayed: Item[] = [];
    for (const end = Math.min(this.#ready.length, next + LOOKED_AT * size); next < end && batch.length < size; next++) {
      const head = this.#ready[next];
      if (head === undefined) continue;
      if (join(head)) joinFollowers(head);
      else stayed.push(head);
    }
    // Those that did not fit stay the oldest.
    this.#firstReady = next - stayed.length;
    for (const [i, head] of stayed.entries()) this.#ready[this.#firstReady + i] = head;
    this.#forget();
    let looked = 0;
    for (const head of this.#background.ready.values()) {
      if (batch.length === size || ++looked > LOOKED_AT * size) break;
      if (!join(head)) continue;
      this.#background.taken(head);
      joinFollowers(head);
    }
    return batch;
  }

  /** Heads that were taken and are not sent yet: they are the next, in their order. */
  putBack(heads: readonly Item[]): void {
    for (const head of heads) this.#running.delete(head);
    this.#ready.splice(this.#firstReady, 0, ...heads);
  }

  /** What is sent is done: its lane goes on. Returns true if the lane is empty now. */
  release(item: Item): boolean {
    this.#running.delete(item);
    this.#size--;
    const { next } = item;
    this.#background.released(item);
    if (next === null) {
      this.#tails.delete(item.delivery.lane);
      return true;
    }
    if (!next.isRunning) this.#becomesHead(next);
    return false;
  }

  /** The head is done for now and its lane must not go on: takes the lane out and returns what came behind the head. */
  drop(head: Item): Item[] {
    this.#running.delete(head);
    this.#tails.delete(head.delivery.lane);
    this.#background.forget(head.delivery.lane);
    const followers = chain(head.next);
    for (const item of followers) this.#running.delete(item);
    head.next = null;
    this.#size -= 1 + followers.length;
    return followers;
  }

  /**
   * Takes out what waits in the lanes that `wants` names, by their heads, in no particular order. What is being sent stays,
   * with an empty lane behind it; the last of it counts as the head.
   */
  cut(wants: (head: Item) => boolean): Item[] {
    const waiting: Item[] = [];
    for (const head of this.#running) {
      if (head.next === null || head.next.isRunning || !wants(head)) continue;
      waiting.push(...chain(head.next));
      head.next = null;
      this.#tails.set(head);
      this.#background.forget(head.delivery.lane);
    }
    for (const head of this.#background.heads) {
      if (!wants(head)) continue;
      this.#tails.delete(head.delivery.lane);
      this.#background.forget(head.delivery.lane);
      waiting.push(...chain(head));
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
      this.#background.forget(head.delivery.lane);
      waiting.push(...chain(head));
    }
    this.#ready = ready;
    this.#firstReady = 0;
    this.#size -= waiting.length;
    return waiting;
  }

  /** All that waits, in no particular order. */
  *allWaiting(): Iterable<Item> {
    const heads = [...this.#ready.slice(this.#firstReady), ...this.#background.heads];
    for (const head of this.#running) if (head.next !== null && !head.next.isRunning) heads.push(head.next);
    for (const head of heads) for (let item: Item | null = head; item !== null; item = item.next) yield item;
  }

  /** Takes the ends of lanes out, each from where on `goes` names all of it, in no particular order. What is being sent stays, and what comes before. */
  cutEnds(goes: (item: Item) => boolean): Item[] {
    const ends: Item[] = [];
    /** Leaves this one. */
    const cutBehind = (head: Item): void => {
      let last = head;
      for (let item = head.next; item !== null; item = item.next) if (item.isRunning || !goes(item)) last = item;
      if (last.next === null) return;
      ends.push(...chain(last.next));
      last.next = null;
      this.#tails.set(last);
    };
    const isGone = (head: Item): boolean => {
      for (let item: Item | null = head; item !== null; item = item.next) if (!goes(item)) return false;
      this.#tails.delete(head.delivery.lane);
      this.#background.forget(head.delivery.lane);
      ends.push(...chain(head));
      return true;
    };
    this.#ready = this.#ready.slice(this.#firstReady).filter((head) => !isGone(head));
    this.#firstReady = 0;
    for (const head of [...this.#ready, ...this.#background.heads]) cutBehind(head);
    // In a batch, what follows a head may be sent with it.
    for (const head of this.#running) if (head.next?.isRunning !== true) cutBehind(head);
    for (const { behindBackground } of ends) if (behindBackground !== null) behindBackground.live--;
    this.#size -= ends.length;
    return ends;
  }

  /** What is being sent. */
  get running(): Iterable<Item> & { readonly size: number } {
    return this.#running;
  }

  #becomesHead(item: Item): void {
    item.turn = ++this.#heads;
    if (!this.#background.keeps(item)) this.#ready.push(item);
  }

  /** Drops the places of heads that are gone, in bulk. */
  #forget(): void {
    if (this.#firstReady === this.#ready.length) {
      this.#ready.length = 0;
      this.#firstReady = 0;
    } else if (this.#firstReady >= 4096) {
      this.#ready.splice(0, this.#firstReady);
      this.#firstReady = 0;
    }
  }
}

/** True if two of a lane end alike in one request: neither can be left out or fail before it is sent, and both have as many attempts left. */
function endAlike(a: Item, b: Item): boolean {
  return a.attempts === b.attempts && [a, b].every(({ delivery }) => delivery.request.contentType !== DRAFT && delivery.row === undefined);
}

function chain(head: Item | null): Item[] {
  const items: Item[] = [];
  for (let item = head; item !== null; item = item.next) items.push(item);
  for (const item of items) item.next = null;
  return items;
}
