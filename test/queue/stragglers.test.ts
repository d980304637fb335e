import { expect, test } from 'vitest';
import { Tracker } from '../../src/checkpoint/tracker.ts';
import { type Position, START } from '../../src/position.ts';
import { Stragglers } from '../../src/queue/stragglers.ts';

function taken(count: number): Tracker<Position> {
  const tracker = new Tracker(START);
  for (let i = 0; i < count; i++) tracker.take();
  return tracker;
}

test('deliveries that settle in order, or nearly, are left alone', () => {
  const tracker = taken(100);
  const stragglers = new Stragglers(4);
  for (let ticket = 0; ticket < 90; ticket += 2) {
    tracker.settle(ticket + 1);
    tracker.settle(ticket);
    expect(stragglers.look(tracker)).toBe(0);
  }
});

test('what was overtaken a look ago by more than are being sent at once, and is still open, is late', () => {
  const tracker = taken(100);
  const stragglers = new Stragglers(4);
  for (const ticket of [1, 2, 3, 5, 6, 7]) tracker.settle(ticket);
  expect(stragglers.look(tracker)).toBe(0);
  // Of 0, 4, 8 and 9, only the first two were overtaken by something that had settled a look ago.
  tracker.settle(10);
  expect(stragglers.look(tracker)).toBe(7);
});

test('few that are ahead are tolerated, but not for long: the position would stand still', () => {
  const tracker = taken(10);
  const stragglers = new Stragglers(4);
  tracker.settle(1);
  const looks = Array.from({ length: 9 }, () => stragglers.look(tracker));
  expect(looks).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 10]);
  for (let ticket = 10; ticket < 20; ticket++) tracker.take();
  expect(stragglers.look(tracker)).toBe(10);
});

test('nothing is late while nothing is open', () => {
  const tracker = taken(3);
  const stragglers = new Stragglers(0);
  for (let ticket = 0; ticket < 3; ticket++) tracker.settle(ticket);
  for (let look = 0; look < 20; look++) expect(stragglers.look(tracker)).toBe(0);
});

test('the tracker knows how many have settled ahead of the lowest open ticket', () => {
  const tracker = taken(6);
  for (const ticket of [2, 4, 5]) tracker.settle(ticket);
  expect(tracker).toMatchObject({ lowest: 0, next: 6, highest: 5, ahead: 3 });
  tracker.settle(0);
  expect(tracker).toMatchObject({ lowest: 1, ahead: 3 });
  tracker.settle(1);
  expect(tracker).toMatchObject({ lowest: 3, ahead: 2 });
  tracker.settle(3);
  expect(tracker).toMatchObject({ lowest: 6, ahead: 0 });
});
