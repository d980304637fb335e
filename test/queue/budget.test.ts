import { beforeEach, expect, test } from 'vitest';
import { Budget } from '../../src/queue/budget.ts';

let log: string[];
let budget: Budget;
beforeEach(() => {
  log = [];
  budget = new Budget({ in_flight: 10, memory: 1000 }, () => log.push('full'), () => log.push('relief'));
});

test('is full by number, and relieved once a fifth is free', () => {
  for (let i = 0; i < 12; i++) budget.add(1);
  expect(log).toEqual(['full']);
  for (let i = 0; i < 3; i++) budget.remove(1);
  expect(budget.full).toBe(true);
  budget.remove(1);
  expect(log).toEqual(['full', 'relief']);
  expect(budget).toMatchObject({ deliveries: 8, bytes: 8, full: false });
});

test('is full by bytes', () => {
  budget.add(600);
  budget.add(600);
  expect(log).toEqual(['full']);
  budget.remove(600);
  expect(log).toEqual(['full', 'relief']);
});

test('a single delivery larger than the memory is let through, and stops the reading until it is done', () => {
  budget.add(5000);
  expect(log).toEqual(['full']);
  budget.remove(5000);
  expect(log).toEqual(['full', 'relief']);
});

test('a part of it is by number or by bytes, whichever is more', () => {
  expect(budget.part(5, 100)).toBe(0.5);
  expect(budget.part(1, 900)).toBe(0.9);
});
