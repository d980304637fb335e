import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { DeadLettersConfig } from '../src/config.ts';
import type { Rotating } from '../src/rotating.ts';
import type { Opened } from '../src/opening.ts';
import { memoryState } from '../src/state.ts';
import { Upkeep } from '../src/upkeep.ts';
import { configOf } from './source/config.ts';

const HOUR = 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Times of pruning, in minutes, and what was asked for. */
async function prunedIn(hours: number, deadLetters: string): Promise<[number, DeadLettersConfig][]> {
  const pruned: [number, DeadLettersConfig][] = [];
  const began = Date.now();
  const { deliveries, ...state } = memoryState();
  const opened = {
    // It looks at the WAL, which is another test's matter.
    pool: { query: () => Promise.reject(new Error('no database')) },
    slot: { name: 'walhook', temporary: false },
    state: {
      ...state,
      deliveries: {
        ...deliveries,
        count: () => Promise.resolve(new Map()),
        prune: (keep: DeadLettersConfig) => {
          pruned.push([Math.round((Date.now() - began) / 60_000), keep]);
          return Promise.resolve(new Map());
        },
      },
    },
  } as unknown as Opened;
  const upkeep = new Upkeep({ config: configOf({ more: deadLetters }), log: pino({ level: 'silent' }), userAgent: '', opened, behind: () => 0, outlet: { queues: new Map(), engine: null }, rotating: {} as Rotating });
  upkeep.start();
  await vi.advanceTimersByTimeAsync(hours * HOUR);
  await upkeep.stop();
  await vi.advanceTimersByTimeAsync(HOUR);
  return pruned;
}

test('dead letters are pruned by age at the start and each hour', async () => {
  const keep = { keep: 86_400_000, most: null };
  expect(await prunedIn(2.5, 'dead_letters: { keep: 1d }')).toEqual([[0, keep], [60, keep], [120, keep]]);
});

test('by number each minute, since an endpoint that refuses everything makes many in an hour', async () => {
  const pruned = await prunedIn(0.1, 'dead_letters: { keep: 1d, most: 5 }');
  expect(pruned.map(([minute]) => minute)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(pruned.at(-1)?.[1]).toEqual({ keep: null, most: 5 });
});

test('the more are kept the less often, and each hour at least', async () => {
  const minutes = async (most: number): Promise<number[]> => (await prunedIn(2.5, `dead_letters: { most: ${most} }`)).map(([minute]) => minute).slice(0, 3);
  expect(await minutes(10_000)).toEqual([0, 1, 2]);
  expect(await minutes(200_000)).toEqual([0, 20, 40]);
  expect(await minutes(1_000_000_000)).toEqual([0, 60, 120]);
});

test('not at all where everything is kept', async () => {
  expect(await prunedIn(2, '')).toEqual([]);
});
