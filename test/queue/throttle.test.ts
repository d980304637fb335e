import { beforeEach, expect, test } from 'vitest';
import { Throttle } from '../../src/queue/throttle.ts';

let throttle: Throttle;
beforeEach(() => {
  throttle = new Throttle(16);
});

test('an endpoint that gets too much gets half as much, however many responses say so within a second', () => {
  expect([throttle.limit, throttle.isOn]).toEqual([16, false]);
  for (let i = 0; i < 16; i++) throttle.overloaded(i);
  expect([throttle.limit, throttle.isOn]).toEqual([8, true]);
  throttle.overloaded(1_000);
  expect(throttle.limit).toBe(4);
});

test('below one at a time requests are spaced, and never stop', () => {
  for (let second = 0; second < 100; second++) throttle.overloaded(second * 1000);
  expect(throttle.limit).toBe(1);
  expect(throttle.wait(0)).toBe(0);
  throttle.sent(0);
  expect(throttle.wait(0)).toBe(6_400);
  expect(throttle.wait(6_400)).toBe(0);
});

test('successes give back what was taken, a little each, and no more than there was', () => {
  throttle.overloaded(0);
  for (let i = 0; i < 8; i++) throttle.succeeded();
  expect(throttle.limit).toBe(8);
  for (let i = 0; i < 200; i++) throttle.succeeded();
  expect([throttle.limit, throttle.isOn, throttle.wait(0)]).toEqual([16, false, 0]);
});

test('an endpoint that was left alone begins with one request at a time', () => {
  throttle.restart();
  expect([throttle.limit, throttle.wait(0)]).toEqual([1, 0]);
});

test('it is slowed only if it has said that it gets too much, and until it gets all it may', () => {
  throttle.restart();
  expect([throttle.isOn, throttle.isSlowed]).toEqual([true, false]);
  throttle.overloaded(0);
  throttle.restart();
  expect(throttle.isSlowed).toBe(true);
  for (let i = 0; i < 200; i++) throttle.succeeded();
  expect(throttle.isSlowed).toBe(false);
  throttle.restart();
  expect([throttle.isOn, throttle.isSlowed]).toEqual([true, false]);
});
