import { expect, test } from 'vitest';
import { BlockedLanes } from '../../src/queue/blocked-lanes.ts';
import { Item } from '../../src/queue/item.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

test('lanes that wait are due at their time, up to a limit', () => {
  const blocked = new BlockedLanes();
  blocked.wait(1, 10);
  blocked.wait(2, 5);
  blocked.wait(3, 20);
  expect(blocked.nextDue).toBe(5);
  expect(blocked.due(4, 10)).toEqual([]);
  expect(blocked.due(10, 1)).toHaveLength(1);
  expect(blocked.due(10, 10)).toEqual([1, 2]);
});

test('lanes that were found due and left alone stay due', () => {
  const blocked = new BlockedLanes();
  blocked.wait(1, 10);
  expect(blocked.due(10, 1)).toEqual([1]);
  expect(blocked.due(10, 1)).toEqual([1]);
});

test('lanes that are busy or held are not due, and the next time is known once it was looked for', () => {
  const blocked = new BlockedLanes();
  blocked.wait(1, 10);
  blocked.wait(2, 10);
  blocked.wait(3, 30);
  blocked.busy(1);
  blocked.hold(2);
  expect(blocked.isBusy(1)).toBe(true);
  expect(blocked.isBusy(2)).toBe(false);
  expect(blocked.due(20, 10)).toEqual([]);
  expect(blocked.nextDue).toBe(30);
});

test('what is held comes out once, when the lane is free or when all of it is wanted', () => {
  const blocked = new BlockedLanes();
  const held = new Item(deliveryOf('a', ''), 1, 0);
  const hold = (lane: number): void => {
    blocked.hold(lane);
    const entry = blocked.get(lane);
    if (entry?.state === 'held') entry.items.push(held);
  };
  hold(1);
  hold(2);
  expect(blocked.free(1)).toEqual([held]);
  expect(blocked.has(1)).toBe(false);
  expect(blocked.takeHeld()).toEqual([held]);
  expect(blocked.get(2)).toEqual({ state: 'held', items: [] });
  expect(blocked.free(2)).toEqual([]);
  expect(blocked.free(2)).toEqual([]);
});
