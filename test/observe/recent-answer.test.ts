import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { RecentAnswer } from '../../src/observe/recent-answer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Questions that are answered when the test says so. */
function rig() {
  const asked: PromiseWithResolvers<number>[] = [];
  const errors: unknown[] = [];
  const answer = new RecentAnswer<number>({
    ask: () => {
      const question = Promise.withResolvers<number>();
      asked.push(question);
      return question.promise;
    },
    onError: (error) => errors.push(error),
    now: () => Date.now(),
  });
  return { asked, errors, answer };
}

test('a question that is dear rests for much longer than it took', async () => {
  const { asked, answer } = rig();
  const first = answer.get();
  await vi.advanceTimersByTimeAsync(100);
  asked[0]?.resolve(1);
  expect(await first).toBe(1);
  await vi.advanceTimersByTimeAsync(1_999);
  expect(await answer.get()).toBe(1);
  expect(asked).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  const second = answer.get();
  expect(asked).toHaveLength(2);
  asked[1]?.resolve(2);
  expect(await second).toBe(2);
});

test('who asks while nothing answers waits half a second once, and nobody asks a second time', async () => {
  const { asked, answer } = rig();
  const first = answer.get();
  await vi.advanceTimersByTimeAsync(499);
  const late = answer.get();
  await vi.advanceTimersByTimeAsync(1);
  expect(await Promise.all([first, late])).toEqual([null, null]);
  const next = answer.get();
  await vi.advanceTimersByTimeAsync(1);
  expect(await next).toBeNull();
  expect(asked).toHaveLength(1);
  // What came late is there for the next one.
  asked[0]?.resolve(1);
  expect(await answer.get()).toBe(1);
});

test('the answer before is given while the next one is late, but not for ever', async () => {
  const { asked, answer } = rig();
  const first = answer.get();
  asked[0]?.resolve(1);
  expect(await first).toBe(1);
  const second = answer.get();
  await vi.advanceTimersByTimeAsync(500);
  expect(await second).toBe(1);
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(120_000);
  const third = answer.get();
  await vi.advanceTimersByTimeAsync(1);
  expect(await third).toBeNull();
});

test('a failure leaves no answer, is told once, and is tried again at once', async () => {
  const { asked, errors, answer } = rig();
  const first = answer.get();
  asked[0]?.resolve(1);
  await first;
  for (const attempt of [1, 2]) {
    const failing = answer.get();
    asked[attempt]?.reject(new Error('the database is away'));
    expect(await failing).toBeNull();
  }
  expect(errors).toHaveLength(1);
  const well = answer.get();
  asked[3]?.resolve(4);
  expect(await well).toBe(4);
  const again = answer.get();
  asked[4]?.reject(new Error('the database is away'));
  expect(await again).toBeNull();
  expect(errors).toHaveLength(2);
});

test('a rest has bounds where they are given, after a failure too, and patience is what is given', async () => {
  const asked: PromiseWithResolvers<number>[] = [];
  const answer = new RecentAnswer<number>({
    ask: () => {
      const question = Promise.withResolvers<number>();
      asked.push(question);
      return question.promise;
    },
    onError: () => undefined,
    rest: { least: 2_000, most: 5_000 },
    patience: 200,
    now: () => Date.now(),
  });
  const first = answer.get();
  await vi.advanceTimersByTimeAsync(200);
  expect(await first).toBeNull();
  await vi.advanceTimersByTimeAsync(2_800);
  asked[0]?.resolve(1);
  await vi.advanceTimersByTimeAsync(4_999);
  expect(await answer.get()).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  const second = answer.get();
  asked[1]?.reject(new Error('away'));
  expect(await second).toBeNull();
  await vi.advanceTimersByTimeAsync(1_999);
  expect(await answer.get()).toBeNull();
  expect(asked).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1);
  void answer.get();
  expect(asked).toHaveLength(3);
});
