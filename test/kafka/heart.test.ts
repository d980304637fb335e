import { ProtocolError } from '@platformatic/kafka';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Heart } from '../../src/kafka/heart.ts';
import { pause } from '../../src/patience.ts';

const SESSION = 4000;
const REBALANCE = 6000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** A heart whose heartbeats are answered as `answer` says, and what came of it so far. */
function heart(answer: () => Promise<void>): { heart: Heart; told: string[] } {
  const beating = new Heart({ beat: answer, session: SESSION, rebalance: REBALANCE, sent: performance.now() });
  const told: string[] = [];
  void beating.rebalancing.then(() => told.push('rebalancing'));
  void beating.lost.then(({ message }) => told.push(`lost: ${message}`));
  return { heart: beating, told };
}

const says = (id: string) => () => Promise.reject(new ProtocolError(id as ConstructorParameters<typeof ProtocolError>[0]));

test('the lease is a session from when the last heartbeat that was answered was sent', async () => {
  // By the test's own clock.
  const { heart: beating, told } = heart(() => pause(300));
  const begin = performance.now();
  expect(beating.leaseUntil).toBe(begin + SESSION);
  await vi.advanceTimersByTimeAsync(500);
  expect(beating.leaseUntil).toBe(begin + SESSION);
  await vi.advanceTimersByTimeAsync(300);
  expect(beating.leaseUntil).toBe(begin + 500 + SESSION);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(beating.leaseUntil).toBeGreaterThan(performance.now() + SESSION - 1500);
  expect(told).toEqual([]);
});

test('it is lost when nothing was answered for a session, not before', async () => {
  const { heart: beating, told } = heart(() => Promise.reject(new Error('away')));
  await vi.advanceTimersByTimeAsync(SESSION - 200);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(400);
  expect(told).toEqual(['lost: away']);
  expect(beating.leaseUntil).toBeLessThan(performance.now());
});

test.each(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])('it is lost at once when the group answers %s', async (id) => {
  const { told } = heart(says(id));
  await vi.advanceTimersByTimeAsync(600);
  expect(told).toHaveLength(1);
  expect(told[0]).toContain('lost');
});

test('while the group waits, the lease goes on, but never beyond what the rebalance may take', async () => {
  const { heart: beating, told } = heart(says('REBALANCE_IN_PROGRESS'));
  const begin = performance.now();
  await vi.advanceTimersByTimeAsync(600);
  expect(told).toEqual(['rebalancing']);
  expect(beating.leaseUntil).toBe(begin + 500 + SESSION);
  await vi.advanceTimersByTimeAsync(4000);
  expect(beating.leaseUntil).toBe(begin + REBALANCE);
  await vi.advanceTimersByTimeAsync(2000);
  expect(told).toHaveLength(2);
  expect(beating.leaseUntil).toBeLessThan(performance.now());
});

test('once stopped it has no lease, and says nothing more', async () => {
  const { heart: beating, told } = heart(says('UNKNOWN_MEMBER_ID'));
  beating.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(beating.leaseUntil).toBe(Number.NEGATIVE_INFINITY);
  expect(told).toEqual([]);
});

test('nothing more should be begun two seconds after the last answer, or half a session, if that is less', async () => {
  let answers = true;
  const { heart: beating } = heart(() => (answers ? Promise.resolve() : Promise.reject(new Error('away'))));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(beating.restFrom).toBeGreaterThan(performance.now() + 1_400);
  answers = false;
  const from = beating.restFrom;
  await vi.advanceTimersByTimeAsync(2_000);
  expect(beating.restFrom).toBe(from);
  expect(performance.now()).toBeGreaterThanOrEqual(from);
  answers = true;
  await vi.advanceTimersByTimeAsync(200);
  expect(beating.restFrom).toBeGreaterThan(performance.now() + 1_700);
  beating.stop();
  expect(beating.restFrom).toBe(Number.NEGATIVE_INFINITY);
  const short = new Heart({ beat: () => Promise.resolve(), session: 1_000, rebalance: REBALANCE, sent: performance.now() });
  expect(short.restFrom).toBe(performance.now() + 500);
  short.stop();
});

test('a group that is dealt anew answers', async () => {
  const { heart: beating } = heart(says('REBALANCE_IN_PROGRESS'));
  await vi.advanceTimersByTimeAsync(4_000);
  expect(beating.restFrom).toBeGreaterThan(performance.now() + 1_400);
  beating.stop();
});
