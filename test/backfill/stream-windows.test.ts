import { expect, test } from 'vitest';
import { readMark, writeMark } from '../../src/backfill/mark.ts';
import { parseSnapshot } from '../../src/backfill/snapshot.ts';
import { type AwaitedChunk, type StreamPlace, StreamWindows } from '../../src/backfill/stream-windows.ts';
import type { ChunkWindow, Merged } from '../../src/backfill/window.ts';

const SEES_ALL = parseSnapshot('1000:1000:');
const KEYS = ['1', '2', '3'];

/** A chunk of three rows that is awaited, and what came of it. */
class Chunk {
  readonly ended: { readonly place: StreamPlace; readonly merged: Merged }[] = [];
  readonly awaited: AwaitedChunk;
  lost = 0;

  constructor(more: Partial<AwaitedChunk> = {}) {
    this.awaited = {
      backfill: 'bf_1',
      run: 'run',
      chunk: 1,
      hook: 'crm',
      table: 'public.people',
      columns: ['id'],
      onEnd: (window: ChunkWindow, place) => this.ended.push({ place, merged: window.merge(KEYS, SEES_ALL) }),
      onLost: () => this.lost++,
      ...more,
    };
  }
}

function mark(side: 'low' | 'high', more: { readonly chunk?: number; readonly run?: string } = {}): string {
  return writeMark({ backfill: 'bf_1', run: 'run', chunk: 1, side, ...more });
}

function touch(windows: StreamWindows, key: string | null, { table = 'public.people', columns = ['id'], hooks = ['crm'] } = {}): void {
  windows.touched(table, () => ({ keys: [key], columns, isSentFor: (hook) => hooks.includes(hook) }));
}

test('what the stream touches between the marks is left out, and the rest takes its place at the second', () => {
  const windows = new StreamWindows();
  const chunk = new Chunk();
  windows.awaitMarks(chunk.awaited);
  touch(windows, '1');
  windows.message(mark('low'), { commitLsn: 10n, ordinal: 1 });
  touch(windows, '2');
  touch(windows, '3', { table: 'public.others' });
  windows.message(mark('high'), { commitLsn: 20n, ordinal: 1 });
  touch(windows, '3');
  windows.message(mark('high'), { commitLsn: 20n, ordinal: 1 });
  expect(chunk.ended).toEqual([{ place: { commitLsn: 20n, ordinal: 1 }, merged: { kind: 'merged', send: [0, 2], again: [] } }]);
  expect(windows.isOpen).toBe(false);
});

test('marks of another process, and of a chunk that was given up, are passed by', () => {
  const windows = new StreamWindows();
  const chunk = new Chunk();
  const cancel = windows.awaitMarks(chunk.awaited);
  for (const text of [mark('low', { run: 'earlier' }), mark('high', { run: 'earlier' }), mark('high'), mark('low', { chunk: 2 }), 'what somebody else wrote']) windows.message(text, { commitLsn: 10n, ordinal: 1 });
  expect(chunk.ended).toEqual([]);
  windows.message(mark('low'), { commitLsn: 11n, ordinal: 1 });
  cancel();
  windows.message(mark('high'), { commitLsn: 12n, ordinal: 1 });
  expect(chunk.ended).toEqual([]);
});

test('what the hook does not send, what cannot be told, and a table that was emptied', () => {
  const merged = (happen: (windows: StreamWindows) => void): Merged | undefined => {
    const windows = new StreamWindows();
    const chunk = new Chunk();
    windows.awaitMarks(chunk.awaited);
    windows.message(mark('low'), { commitLsn: 10n, ordinal: 1 });
    happen(windows);
    windows.message(mark('high'), { commitLsn: 20n, ordinal: 1 });
    return chunk.ended[0]?.merged;
  };
  expect(merged((windows) => touch(windows, '2', { hooks: ['erp'] }))).toEqual({ kind: 'merged', send: [0, 2], again: [1] });
  expect(merged((windows) => [touch(windows, '2', { hooks: [] }), touch(windows, '2')])).toEqual({ kind: 'merged', send: [0, 2], again: [] });
  expect(merged((windows) => touch(windows, null))).toEqual({ kind: 'torn' });
  // The replica identity is another one since it was read.
  expect(merged((windows) => touch(windows, '2', { columns: ['id', 'part'] }))).toEqual({ kind: 'torn' });
  expect(merged((windows) => [touch(windows, '1', { hooks: [] }), windows.truncated('public.people'), touch(windows, '3', { hooks: [] })])).toEqual({ kind: 'merged', send: [], again: [2] });
});

test('without marks it ends where the stream has come to what was written when it was read', () => {
  const windows = new StreamWindows();
  const chunk = new Chunk();
  windows.reached(100n);
  const { endAt } = windows.openNow(chunk.awaited);
  windows.began(7);
  touch(windows, '1');
  endAt(5000n);
  windows.reached(4999n);
  expect(chunk.ended).toEqual([]);
  windows.began(8);
  windows.reached(5010n);
  expect(chunk.ended).toEqual([{ place: { commitLsn: 5009n, ordinal: 0 }, merged: { kind: 'merged', send: [1, 2], again: [] } }]);
});

test('it ends at once where the stream is there already, but not within a transaction', () => {
  const windows = new StreamWindows();
  const [first, second] = [new Chunk(), new Chunk()];
  windows.reached(8192n);
  // Behind the header of a page on which nothing is yet.
  windows.openNow(first.awaited).endAt(8192n + 24n);
  expect(first.ended).toMatchObject([{ place: { commitLsn: 8191n } }]);
  windows.began(9);
  windows.openNow(second.awaited).endAt(8192n);
  expect(second.ended).toEqual([]);
  windows.reached(9000n);
  expect(second.ended).toMatchObject([{ place: { commitLsn: 8999n } }]);
});

test('a mark is read as it was written', () => {
  const written = { backfill: 'bf_20261121T193000_x7k2qa', run: '0a1b', chunk: 12, side: 'high' } as const;
  expect(readMark(writeMark(written))).toEqual(written);
});

test('a chunk that does not see what the stream told before its window is torn', () => {
  const windows = new StreamWindows();
  const merged: Merged[] = [];
  const chunk = new Chunk({ onEnd: (window) => merged.push(window.merge(KEYS, parseSnapshot('500:600:501'))) });
  windows.began(501);
  windows.awaitMarks(chunk.awaited);
  for (const side of ['low', 'high'] as const) windows.message(mark(side), { commitLsn: 10n, ordinal: 1 });
  expect(merged).toEqual([{ kind: 'torn' }]);
});

test('marks that a server had that is gone are not waited for for ever', () => {
  const windows = new StreamWindows();
  const chunk = new Chunk();
  windows.awaitMarks(chunk.awaited);
  windows.message(mark('low'), { commitLsn: 10n, ordinal: 1 });
  windows.reached(1000n);
  expect(chunk.lost).toBe(0);
  windows.marksComeBefore(chunk.awaited, 2000n);
  windows.reached(1500n);
  expect(chunk.lost).toBe(0);
  windows.reached(2000n);
  expect(chunk.lost).toBe(1);
  expect(windows.isOpen).toBe(false);
  windows.message(mark('high'), { commitLsn: 2001n, ordinal: 1 });
  expect(chunk.ended).toEqual([]);
});
