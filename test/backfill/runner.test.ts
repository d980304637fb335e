import { expect, test } from 'vitest';
import { ChunkSize } from '../../src/backfill/chunk-size.ts';
import type { BackfillStore } from '../../src/backfill/port.ts';
import { type ChunkRequest, Runner } from '../../src/backfill/runner.ts';
import { StreamWindows } from '../../src/backfill/stream-windows.ts';

const STORE: BackfillStore = { begin: async () => null, list: async () => [], find: async () => null, advance: async () => undefined, turn: async () => null };

test('a read that took too long is tried again with fewer rows, and has more time', async () => {
  const requests: ChunkRequest[] = [];
  const runner: Runner = new Runner({
    backfill: { id: 'bf_1', hook: 'all', table: 'public.rows', where: 'rare', columns: null, rate: null, origin: 'command', rowsEstimated: null, after: null, again: [], rowsDone: 0, rowsSent: 0, state: 'waiting', reason: null, requestedAt: new Date(), startedAt: null, endedAt: null },
    run: 'run',
    windows: new StreamWindows(),
    store: STORE,
    size: new ChunkSize({ in_flight: 10_000, memory: 1e8, fanOut: 1, rate: null }),
    open: async () => ({
      columns: ['id'],
      marks: true,
      read: async (request) => {
        requests.push(request);
        if (requests.length === 2) runner.stop();
        throw Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' });
      },
      markEnd: async () => undefined,
      end: async () => 0n,
    }),
    obstacle: () => null,
    onEnd: () => undefined,
  });
  await runner.run();
  expect(requests).toMatchObject([{ rows: 500, timeout: 60_000 }, { rows: 250, timeout: 120_000 }]);
});
