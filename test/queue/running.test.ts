import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Item } from '../../src/queue/item.ts';
import { Running } from '../../src/queue/running.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

test('has what was added and not deleted, oldest first, as a Set has it', () => {
  const items = Array.from({ length: 6 }, (_, i) => new Item(deliveryOf(`${i}`, ''), i, 0));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5))), (steps) => {
      const running = new Running();
      const model = new Set<Item>();
      for (const [isAdd, which] of steps) {
        const item = items[which];
        if (item === undefined || (isAdd && model.has(item))) continue;
        if (isAdd) {
          running.add(item);
          model.add(item);
        } else {
          running.delete(item);
          model.delete(item);
        }
        expect([...running]).toEqual([...model]);
        expect(running.size).toBe(model.size);
        expect(items.filter((one) => one.isRunning)).toEqual(items.filter((one) => model.has(one)));
      }
      for (const item of model) running.delete(item);
    }),
  );
});
