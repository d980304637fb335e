import { expect, test } from 'vitest';
import { Pending } from '../../src/backfill/pending.ts';
import type { BackfillProgress, BackfillStore } from '../../src/backfill/port.ts';

function progress(rowsDone: number): BackfillProgress {
  return { after: { id: `${rowsDone}` }, again: [], rowsDone, rowsSent: rowsDone, rowsEstimated: null };
}

function pendingOf(): { readonly pending: Pending; readonly stored: number[] } {
  const stored: number[] = [];
  const advance: BackfillStore['advance'] = async (_id, { rowsDone }) => void stored.push(rowsDone);
  return { stored, pending: new Pending('bf_1', { advance } as unknown as BackfillStore) };
}

test('a chunk is stored as over when it is, and all before it are', async () => {
  const { pending, stored } = pendingOf();
  const [first, second] = [pending.begin(), pending.begin()];
  let isOver = false;
  first.handed(2, progress(2), () => (isOver = true));
  second.handed(1, progress(3), () => undefined);
  second.settled();
  first.settled();
  await pending.saved();
  expect({ stored, isOver, isEmpty: pending.isEmpty }).toEqual({ stored: [], isOver: false, isEmpty: false });
  first.settled();
  await pending.saved();
  expect({ stored, isOver, isEmpty: pending.isEmpty }).toEqual({ stored: [3], isOver: true, isEmpty: true });
});

test('who waits until little is left is woken then', async () => {
  const { pending } = pendingOf();
  const chunk = pending.begin();
  chunk.handed(4, progress(4), () => undefined);
  let isReady = false;
  const ready = pending.whenAtMost(1, 0.5).then(() => (isReady = true));
  chunk.settled();
  await Promise.resolve();
  expect(isReady).toBe(false);
  chunk.settled();
  await ready;
  const all = pending.whenAtMost(0, 0);
  chunk.settled();
  chunk.settled();
  await all;
});

test('a chunk of which nothing is sent is over at once', async () => {
  const { pending, stored } = pendingOf();
  pending.begin().handed(0, progress(7), () => undefined);
  await pending.saved();
  expect(stored).toEqual([7]);
});
