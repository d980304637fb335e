import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Delivery, DRAFT } from '../../src/delivery.ts';
import { Item } from '../../src/queue/item.ts';
import { type BatchRules, Lanes } from '../../src/queue/lanes.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

let made = 0;
function item(lane: number, { path = '/', body = '', row = undefined as string | undefined, attempts = 0, isLive = true } = {}): Item {
  return new Item({ ...deliveryOf(`${++made}`, body, { path }), lane, row }, null, attempts, isLive ? null : () => undefined);
}

const isLive = ({ settled }: Item): boolean => settled === null;

/** A list for each lane; the first of each is its head. */
class NaiveLanes {
  readonly lanes = new Map<number, Item[]>();
  /** Heads, and those of the background behind which nothing else waits. */
  ready: Item[] = [];
  background: Item[] = [];
  running: Item[] = [];

  add(added: Item): void {
    const lane = this.of(added);
    lane.push(added);
    this.lanes.set(added.delivery.lane, lane);
    if (lane.length === 1) this.head(added);
    for (const head of this.background.filter((one) => this.hurries(one))) {
      this.background.splice(this.background.indexOf(head), 1);
      this.ready.push(head);
    }
  }

  hurries(head: Item): boolean {
    return (this.lanes.get(head.delivery.lane) ?? []).some(isLive);
  }

  head(head: Item): void {
    if (isLive(head) || this.hurries(head)) this.ready.push(head);
    else this.background.push(head);
  }

  take(): Item | null {
    const head = this.ready.shift() ?? this.background.shift() ?? null;
    if (head !== null) this.running.push(head);
    return head;
  }

  takeBatch({ size, bytes, isAlone }: BatchRules): Item[] {
    const first = this.take();
    if (first === null) return [];
    const batch = [first];
    const fits = ({ delivery }: Item): boolean =>
      batch.length < size &&
      [first.delivery, delivery].every((one) => !isAlone(one)) &&
      delivery.request.path === first.delivery.request.path &&
      [...batch.map((one) => one.delivery), delivery].reduce((sum, { body }) => sum + body.length, 0) <= bytes;
    const followers = (head: Item): void => {
      const [, ...behind] = this.of(head);
      for (let last = head; behind[0] !== undefined && fits(behind[0]) && endAlike(last, behind[0]); ) batch.push((last = behind.shift() as Item));
    };
    followers(first);
    for (const head of [...this.ready, ...this.background]) {
      if (!fits(head)) continue;
      this.ready = this.ready.filter((one) => one !== head);
      this.background = this.background.filter((one) => one !== head);
      batch.push(head);
      followers(head);
    }
    this.running.push(...batch.slice(1));
    return batch;
  }

  /** Those that are being sent and come first in their lanes. */
  get runningHeads(): Item[] {
    return this.running.filter((one) => this.of(one)[0] === one);
  }

  /** Heads that are being sent without a follower. */
  get runningAlone(): Item[] {
    return this.runningHeads.filter((one) => !this.running.includes(this.of(one)[1] as Item));
  }

  putBack(heads: readonly Item[]): void {
    this.running = this.running.filter((one) => !heads.includes(one));
    this.ready.unshift(...heads);
  }

  release(head: Item): readonly Item[] {
    this.running.splice(this.running.indexOf(head), 1);
    const lane = this.of(head);
    lane.shift();
    if (lane.length === 0) this.lanes.delete(head.delivery.lane);
    if (lane[0] !== undefined && !this.running.includes(lane[0])) this.head(lane[0]);
    return lane;
  }

  drop(head: Item): readonly Item[] {
    const [, ...rest] = this.of(head);
    this.lanes.delete(head.delivery.lane);
    this.running = this.running.filter((one) => one !== head && !rest.includes(one));
    return rest;
  }

  of({ delivery }: Item): Item[] {
    return this.lanes.get(delivery.lane) ?? [];
  }
}

function endAlike(a: Item, b: Item): boolean {
  return a.attempts === b.attempts && a.delivery.row === undefined && b.delivery.row === undefined;
}

const added = fc.record({
  lane: fc.nat(5),
  path: fc.constantFrom('/', '/', '/', '/other'),
  body: fc.nat(5).map((length) => 'x'.repeat(length)),
  row: fc.constantFrom(undefined, undefined, undefined, 'row'),
  attempts: fc.constantFrom(0, 0, 0, 1),
  isLive: fc.boolean(),
});

const steps = fc.array(
  fc.oneof(
    { weight: 14, arbitrary: added.map((add) => ({ add })) },
    { weight: 2, arbitrary: fc.constant('take' as const) },
    { weight: 4, arbitrary: fc.record({ size: fc.integer({ min: 1, max: 6 }), bytes: fc.integer({ min: 1, max: 20 }), alone: fc.integer({ min: 2, max: 9 }) }).map((batch) => ({ batch })) },
    { weight: 5, arbitrary: fc.nat().map((which) => ({ release: which })) },
    { weight: 1, arbitrary: fc.nat().map((which) => ({ drop: which })) },
    { weight: 1, arbitrary: fc.nat(3).map((count) => ({ putBack: count })) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  ),
  { maxLength: 200, size: 'max' },
);

const anyAdd = { lane: 0, path: '/', body: '', row: undefined, attempts: 0 } as const;
const old = { add: { ...anyAdd, isLive: false } };
const live = { add: { ...anyAdd, isLive: true } };
const send = { batch: { size: 1, bytes: 1, alone: 2 } };
/** What is being sent while its lane is emptied was behind something of the background, and what comes then is not counted with it. */
const EMPTIED = [old, old, live, send, { release: 0 }, send, old, { release: 0 }, 'take', 'clear', old, live, { release: 0 }] as const;

test('agrees with a naive model', () => {
  const batches: number[] = [];
  fc.assert(
    fc.property(steps, (script) => {
      const lanes = new Lanes();
      const model = new NaiveLanes();
      for (const step of script) {
        if (step === 'take') {
          expect(lanes.take()).toBe(model.take());
        } else if (step === 'clear') {
          const running = new Set(model.running);
          const waiting = [...model.lanes.values()].flat().filter((one) => !running.has(one));
          expect(new Set(lanes.cut(() => true))).toEqual(new Set(waiting));
          for (const [lane, list] of model.lanes) model.lanes.set(lane, list.filter((one) => running.has(one)));
          for (const [lane, list] of model.lanes) if (list.length === 0) model.lanes.delete(lane);
          model.ready = [];
          model.background = [];
        } else if ('add' in step) {
          const { lane, ...more } = step.add;
          const one = item(lane, more);
          lanes.add(one);
          model.add(one);
        } else if ('batch' in step) {
          const { size, bytes, alone } = step.batch;
          const rules = { size, bytes, isAlone: ({ id }: Delivery) => Number(id) % alone === 1 };
          const batch = lanes.takeBatch(rules);
          expect(batch).toEqual(model.takeBatch(rules));
          batches.push(batch.length);
        } else if ('putBack' in step) {
          const heads = model.runningAlone.slice(0, step.putBack);
          lanes.putBack(heads);
          model.putBack(heads);
        } else if (model.runningHeads.length > 0) {
          const which = 'release' in step ? step.release : step.drop;
          const head = model.runningHeads[which % model.runningHeads.length] as Item;
          if ('release' in step) expect(lanes.release(head)).toBe(model.release(head).length === 0);
          else expect(lanes.drop(head)).toEqual(model.drop(head));
        }
        expect(lanes.size).toBe([...model.lanes.values()].flat().length);
        expect(lanes.waiting).toBe(lanes.size - model.running.length);
        expect([lanes.ready, lanes.readyLive]).toEqual([model.ready.length + model.background.length, model.ready.length]);
        expect(new Set(lanes.running)).toEqual(new Set(model.running));
        const next = [...model.ready, ...model.background].reduce((sum, head) => sum + model.of(head).length, 0);
        for (const count of [1, next, next + 1]) expect(lanes.hasReady(count)).toBe(next >= count);
        expect(lanes.oldest).toBe(model.ready[0] ?? model.background[0] ?? null);
      }
    }),
    { examples: [[[...EMPTIED]]] },
  );
  expect(Math.max(...batches)).toBeGreaterThan(3);
});

const ALL = { size: 100, bytes: 1000, isAlone: () => false };

test('a batch takes heads, each with what may follow it, until it has its size', () => {
  const lanes = new Lanes();
  const items = [1, 2, 1, 1, 3, 2].map((lane) => item(lane));
  for (const each of items) lanes.add(each);
  const [a1, b1, a2, a3, c1, b2] = items;
  expect(lanes.takeBatch({ ...ALL, size: 4 })).toEqual([a1, a2, a3, b1]);
  expect(lanes.takeBatch(ALL)).toEqual([c1]);
  expect(lanes.takeBatch(ALL)).toEqual([]);
  for (const each of [a1, a2, a3, b1]) lanes.release(each as Item);
  expect(lanes.takeBatch(ALL)).toEqual([b2]);
});

test('one that is larger than a batch may be goes alone, and those that do not fit stay the oldest', () => {
  const lanes = new Lanes();
  const items = ['x'.repeat(50), 'x', 'x'.repeat(60), 'xx', '€€'].map((body, lane) => item(lane, { body }));
  for (const each of items) lanes.add(each);
  const [large, small, larger, two, euros] = items;
  // Bytes, not characters: two euro signs are six.
  expect(lanes.takeBatch({ ...ALL, bytes: 8 })).toEqual([large]);
  expect(lanes.takeBatch({ ...ALL, bytes: 8 })).toEqual([small, two]);
  expect(lanes.takeBatch({ ...ALL, bytes: 8 })).toEqual([larger]);
  expect(lanes.takeBatch({ ...ALL, bytes: 8 })).toEqual([euros]);
});

test('what is still to be made, or may be left out, is followed by nothing of its lane', () => {
  const lanes = new Lanes();
  const draft = new Item({ ...deliveryOf('draft', '', { contentType: DRAFT }), lane: 1 }, null, 0);
  const behind = new Item({ ...deliveryOf('behind', '', { contentType: DRAFT }), lane: 1 }, null, 0);
  const other = new Item({ ...deliveryOf('other', '', { contentType: DRAFT }), lane: 2 }, null, 0);
  for (const each of [draft, behind, other]) lanes.add(each);
  expect(lanes.takeBatch(ALL)).toEqual([draft, other]);
});

test('heads behind many that do not fit are left for the next batch: only so many are looked at', () => {
  const lanes = new Lanes();
  const first = item(0);
  lanes.add(first);
  for (let lane = 1; lane <= 100; lane++) lanes.add(item(lane, { path: '/other' }));
  const late = item(200);
  lanes.add(late);
  expect(lanes.takeBatch({ ...ALL, size: 10 })).toEqual([first]);
  expect(lanes.takeBatch({ ...ALL, size: 100 })).toHaveLength(100);
  expect(lanes.takeBatch(ALL)).toEqual([late]);
});

test('tens of thousands of lanes are taken in the order they came', () => {
  const lanes = new Lanes();
  const items = Array.from({ length: 20_000 }, (_, lane) => item(lane));
  for (const each of items.slice(0, 15_000)) lanes.add(each);
  const taken = items.slice(0, 10_000).map(() => lanes.take());
  for (const each of items.slice(15_000)) lanes.add(each);
  taken.push(...items.slice(10_000).map(() => lanes.take()));
  expect(taken.every((each, i) => each === items[i])).toBe(true);
  expect(lanes.take()).toBeNull();
});

test('the ends of lanes can be cut, but for what is being sent and what is before what stays', () => {
  const lanes = new Lanes();
  const [a1, a2, a3, b1, b2, c1, d1, d2] = [1, 1, 1, 2, 2, 3, 4, 4].map((lane) => item(lane)) as [Item, Item, Item, Item, Item, Item, Item, Item];
  for (const one of [a1, b1, c1, d1, a2, b2, a3, d2]) lanes.add(one);
  expect([lanes.take(), lanes.take()]).toEqual([a1, b1]);
  expect(new Set(lanes.allWaiting())).toEqual(new Set([a2, a3, b2, c1, d1, d2]));
  // Of lane 4 only what is in the middle of it: that stays.
  const going = new Set([a3, b2, c1, d1]);
  expect(new Set(lanes.cutEnds((one) => going.has(one)))).toEqual(new Set([a3, b2, c1]));
  expect([lanes.size, lanes.waiting]).toEqual([5, 3]);
  // Each lane goes on from what is left of it.
  lanes.add(a3);
  expect([lanes.release(a1), lanes.release(b1)]).toEqual([false, true]);
  expect([lanes.take(), lanes.take(), lanes.take()]).toEqual([d1, a2, null]);
  expect([lanes.release(a2), lanes.release(d1)]).toEqual([false, false]);
  expect([lanes.take(), lanes.take(), lanes.take()]).toEqual([a3, d2, null]);
});

test('what goes in a batch stays together, and a lane that is cut whole begins anew', () => {
  const lanes = new Lanes();
  const [a1, a2, a3, b1] = [1, 1, 1, 2].map((lane) => item(lane)) as [Item, Item, Item, Item];
  for (const one of [a1, a2, a3, b1]) lanes.add(one);
  expect(lanes.takeBatch({ size: 2, bytes: 1000, isAlone: () => false })).toEqual([a1, a2]);
  expect(new Set(lanes.cutEnds(() => true))).toEqual(new Set([a3, b1]));
  lanes.add(b1);
  expect(lanes.take()).toBe(b1);
  lanes.release(a1);
  expect(lanes.size).toBe(2);
});
