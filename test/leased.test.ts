import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Leased } from '../src/leased.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

function leased(): { assignment: { leaseUntil: number; restFrom: number }; leased: Leased; sent: string[]; over: number[]; send: (id: string) => void } {
  const begin = performance.now();
  const assignment = { leaseUntil: begin + 10_000, restFrom: begin + 2_000 };
  const [sent, over]: [string[], number[]] = [[], []];
  const one = new Leased({ lease: assignment, onOver: () => over.push(performance.now() - begin) });
  const send = one.attempt((id: string) => void sent.push(id));
  return { assignment, leased: one, sent, over, send };
}

test('attempts are made while the group answers, and rest while it does not', () => {
  const { assignment, leased: one, sent, over, send } = leased();
  send('a');
  vi.advanceTimersByTime(2_500);
  send('b');
  vi.advanceTimersByTime(5_000);
  send('c');
  expect([sent, one.isResting]).toEqual([['a'], true]);
  assignment.restFrom += 10_000;
  assignment.leaseUntil += 10_000;
  vi.advanceTimersByTime(200);
  expect([sent, one.isResting, over]).toEqual([['a', 'b', 'c'], false, []]);
  expect(vi.getTimerCount()).toBe(0);
});

test('what rests when the lease is over is not made, nor what comes then', () => {
  const { sent, over, send } = leased();
  vi.advanceTimersByTime(9_000);
  send('a');
  vi.advanceTimersByTime(1_100);
  expect(over).toHaveLength(1);
  send('b');
  expect([sent, over.length, vi.getTimerCount()]).toEqual([[], 2, 0]);
});

test('stopped, it makes nothing of what rests', () => {
  const { assignment, leased: one, sent, send } = leased();
  vi.advanceTimersByTime(3_000);
  send('a');
  one.stop();
  assignment.restFrom += 10_000;
  vi.advanceTimersByTime(1_000);
  expect([sent, vi.getTimerCount()]).toEqual([[], 0]);
});
