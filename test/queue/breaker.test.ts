import { beforeEach, expect, test, vi } from 'vitest';
import { Breaker } from '../../src/queue/breaker.ts';

let log: string[];
let breaker: Breaker;
beforeEach(() => {
  log = [];
  const say = (what: string) => () => void log.push(what);
  breaker = new Breaker({ failures: 3, open: 100, onOpen: (ms, again) => void log.push(again ? 'reopen' : ms === 100 ? 'open' : `open for ${ms}`), onClose: say('close') });
});

function fail(...times: readonly number[]): void {
  for (const now of times) breaker.failure(now);
}

test('opens after so many failures in a row, and a success begins the count anew', () => {
  fail(1, 2);
  breaker.success(3);
  fail(4, 5);
  expect(breaker.openUntil).toBeNull();
  fail(6);
  expect(breaker.openUntil).not.toBeNull();
  expect(log).toEqual(['open']);
});

test('what ends before its time is over neither closes nor reopens it', () => {
  fail(1, 2, 3, 4, 102);
  breaker.success(102);
  expect(breaker.openUntil).not.toBeNull();
  expect(log).toEqual(['open']);
});

test('a probe that succeeds closes it', () => {
  fail(1, 2, 3);
  breaker.success(103);
  expect(breaker.openUntil).toBeNull();
  fail(104, 105);
  expect(breaker.openUntil).toBeNull();
  expect(log).toEqual(['open', 'close']);
});

test('a probe that fails keeps it open as long again', () => {
  fail(1, 2, 3, 103);
  breaker.success(202);
  expect(log).toEqual(['open', 'reopen']);
  breaker.success(203);
  expect(log).toEqual(['open', 'reopen', 'close']);
});

test('an outcome in the same turn as the one that opens it does not make it deaf', () => {
  fail(1, 2, 3);
  breaker.success(3);
  breaker.success(103);
  expect(breaker.openUntil).toBeNull();
});

test('a wall clock that steps back by a day changes nothing', () => {
  vi.setSystemTime(new Date('2026-01-02'));
  fail(1, 2, 3);
  vi.setSystemTime(new Date('2026-01-01'));
  breaker.success(103);
  vi.useRealTimers();
  expect(breaker.openUntil).toBeNull();
});

test('an endpoint that asks for more time gets it', () => {
  breaker.open(1, 500);
  expect(log).toEqual(['open for 500']);
  breaker.open(2, 100);
  fail(102, 103, 104);
  breaker.success(500);
  expect(breaker.openUntil).toBe(501);
  breaker.success(501);
  expect(log).toEqual(['open for 500', 'close']);
});
