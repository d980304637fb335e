import { expect, test } from 'vitest';
import { ChunkSize } from '../../src/backfill/chunk-size.ts';
import type { BackfillStore, StoredBackfill } from '../../src/backfill/port.ts';
import { type ChunkRequest, type ChunkSource, Runner, type RunnerOptions } from '../../src/backfill/runner.ts';
import { StreamWindows } from '../../src/backfill/stream-windows.ts';
import { WalhookError } from '../../src/errors.ts';

const STORE: BackfillStore = { begin: async () => null, list: async () => [], find: async () => null, advance: async () => undefined, turn: async () => null };

const BACKFILL: StoredBackfill = { id: 'bf_1', hook: 'all', table: 'public.rows', where: null, columns: null, rate: null, origin: 'command', rowsEstimated: null, after: null, again: [], rowsDone: 0, rowsSent: 0, state: 'waiting', reason: null, requestedAt: new Date(), startedAt: null, endedAt: null };

function runnerOf(source: Partial<ChunkSource>, { backfill = {}, ...options }: { readonly backfill?: Partial<StoredBackfill> } & Partial<Pick<RunnerOptions, 'onEnd'>>): Runner {
  return new Runner({
    backfill: { ...BACKFILL, ...backfill },
    run: 'run',
    windows: new StreamWindows(),
    store: STORE,
    size: new ChunkSize({ in_flight: 10_000, memory: 1e8, fanOut: 1, rate: null }),
    open: async () => ({ columns: ['id'], marks: true, read: () => Promise.reject(new Error('nothing is read')), markEnd: async () => undefined, end: async () => 0n, survey: async () => 1000, ...source }),
    obstacle: () => null,
    onEnd: () => undefined,
    ...options,
  });
}

/** Postgres' error. */
const refusal = (code: string, message: string): Error => Object.assign(new Error(message), { code });

test('a read that took too long is tried again with fewer rows, and has more time', async () => {
  const requests: ChunkRequest[] = [];
  const runner: Runner = runnerOf(
    {
      read: async (request) => {
        requests.push(request);
        if (requests.length === 2) runner.stop();
        throw refusal('57014', 'canceling statement due to statement timeout');
      },
    },
    { backfill: { where: 'rare' } },
  );
  await runner.run();
  expect(requests).toMatchObject([{ rows: 500, timeout: 60_000 }, { rows: 250, timeout: 120_000 }]);
});

test.for<[string, Error, string]>([
  ['would write', refusal('25006', 'cannot execute nextval() in a read-only transaction'), 'cannot execute nextval() in a read-only transaction (SQLSTATE 25006)'],
  ['fails on a row', refusal('22012', 'division by zero'), 'the condition fails on a row: SQLSTATE 22012'],
  ['fails on a value, which is not told', refusal('22P02', 'invalid input syntax for type integer: "ada@example.com"'), 'the condition fails on a row: SQLSTATE 22P02'],
])('a condition that %s ends it', async ([, error, told]) => {
  const ends: unknown[] = [];
  await runnerOf({ read: () => Promise.reject(error) }, { backfill: { where: 'x' }, onEnd: (...end) => ends.push(end) }).run();
  expect(ends).toEqual([['failed', told]]);
});

test('who stored it without looking at the table has that done before the first read', async () => {
  const asked: string[] = [];
  const end = new Promise((resolve) => {
    const source: Partial<ChunkSource> = {
      survey: async () => {
        asked.push('survey');
        throw new WalhookError('rows have no key', { code: 'backfill_no_key' });
      },
      read: () => Promise.reject(new Error(`read after ${asked.push('read')}`)),
    };
    void runnerOf(source, { backfill: { origin: 'resync' }, onEnd: (...ended) => resolve(ended) }).run();
  });
  expect(await end).toEqual(['failed', 'rows have no key']);
  expect(asked).toEqual(['survey']);
});

test('how many rows there are is asked once, and not of one that has begun', async () => {
  const asked: string[] = [];
  for (const backfill of [{}, { rowsEstimated: 7 }, { after: { id: '4' } }]) {
    const runner: Runner = runnerOf(
      {
        survey: async () => asked.push('survey'),
        read: () => {
          runner.stop();
          return Promise.reject(refusal('57014', 'too long'));
        },
      },
      { backfill },
    );
    await runner.run();
  }
  expect(asked).toEqual(['survey']);
});
