import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Item } from '../../src/queue/item.ts';
import { LaneTable } from '../../src/queue/lane-table.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

function item(lane: number): Item {
  return new Item({ ...deliveryOf('evt', ''), lane }, null, 0);
}

/** Many share their low bits, and so their place. */
const lanes = fc.oneof(
  fc.nat(7).map((n) => n * 2 ** 40 + 1023),
  fc.nat(7).map((n) => n * 2 ** 40),
  fc.nat(2000),
  fc.maxSafeNat(),
);

test('has the last item of each lane, as a Map has it', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete'), lanes), { maxLength: 3000 });
  fc.assert(
    fc.property(steps, (script) => {
      const table = new LaneTable();
      const model = new Map<number, Item>();
      for (const [step, lane] of script) {
        if (step === 'delete') {
          table.delete(lane);
          model.delete(lane);
        } else {
          const one = item(lane);
          expect(table.set(one)).toBe(model.get(lane));
          model.set(lane, one);
        }
        expect(table.get(lane)).toBe(model.get(lane));
      }
      for (const [, lane] of script) expect(table.get(lane)).toBe(model.get(lane));
    }),
    { numRuns: 60 },
  );
});

test('grows and shrinks with what is in it', () => {
  const table = new LaneTable();
  const items = Array.from({ length: 20_000 }, (_, i) => item(i * 1024));
  for (const one of items) table.set(one);
  for (const one of items) expect(table.get(one.delivery.lane)).toBe(one);
  for (const one of items.slice(10)) table.delete(one.delivery.lane);
  for (const [i, one] of items.entries()) expect(table.get(one.delivery.lane)).toBe(i < 10 ? one : undefined);
});
