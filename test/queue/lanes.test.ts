import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Item } from '../../src/queue/item.ts';
import { Lanes } from '../../src/queue/lanes.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

let made = 0;
function item(lane: number, settled: (() => void) | null = null): Item {
  return new Item({ ...deliveryOf(`${++made}`, ''), lane }, null, 0, settled);
}

const isLive = ({ settled }: Item): boolean => settled === null;

/** A list for each lane; the first of each is its head. */
class NaiveLanes {
  readonly lanes = new Map<number, Item[]>();
  /** Heads, and those of the background behind which nothing else waits. */
  ready: Item[] = [];
  background: Item[] = [];
  readonly running: Item[] = [];

  add(added: Item): void {
    const lane = this.lanes.get(added.delivery.lane) ?? [];
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

  end(head: Item): readonly Item[] {
    this.running.splice(this.running.indexOf(head), 1);
    const lane = this.lanes.get(head.delivery.lane) ?? [];
    lane.shift();
    return lane;
  }
}

const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ add: fc.nat(4), isLive: fc.boolean() }) },
    { weight: 4, arbitrary: fc.constant('take' as const) },
    { weight: 3, arbitrary: fc.nat().map((which) => ({ release: which })) },
    { weight: 1, arbitrary: fc.nat().map((which) => ({ drop: which })) },
    { weight: 1, arbitrary: fc.constant('clear' as const) },
  ),
  { maxLength: 200 },
);

test('agrees with a naive model', () => {
  fc.assert(
    fc.property(steps, (script) => {
      const lanes = new Lanes();
      const model = new NaiveLanes();
      for (const step of script) {
        if (step === 'take') {
          expect(lanes.take()).toBe(model.take());
        } else if (step === 'clear') {
          const heads = new Set(model.running);
          const waiting = [...model.lanes.values()].flat().filter((one) => !heads.has(one));
          expect(new Set(lanes.cut(() => true))).toEqual(new Set(waiting));
          for (const [lane, list] of model.lanes) model.lanes.set(lane, list.filter((one) => heads.has(one)));
          model.ready = [];
          model.background = [];
        } else if ('add' in step) {
          const added = item(step.add, step.isLive ? null : () => undefined);
          lanes.add(added);
          model.add(added);
        } else if (model.running.length > 0) {
          const which = 'release' in step ? step.release : step.drop;
          const head = model.running[which % model.running.length] as Item;
          const rest = model.end(head);
          if ('release' in step) {
            expect(lanes.release(head)).toBe(rest.length === 0);
            if (rest[0] !== undefined) model.head(rest[0]);
          } else {
            expect(lanes.drop(head)).toEqual(rest);
            model.lanes.delete(head.delivery.lane);
          }
        }
        expect(lanes.size).toBe([...model.lanes.values()].flat().length);
        expect([lanes.ready, lanes.readyLive]).toEqual([model.ready.length + model.background.length, model.ready.length]);
        expect(new Set(lanes.running)).toEqual(new Set(model.running));
      }
    }),
  );
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
