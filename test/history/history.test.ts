import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { type Change, TEXT, type Tuple, UNCHANGED, NULL } from '../../src/change.ts';
import { ChangeRing, LARGEST_CHANGE, type TracedTable } from '../../src/history/change-ring.ts';
import { History } from '../../src/history/history.ts';
import { HistoryWriter } from '../../src/history/history-writer.ts';
import { AttemptRing } from '../../src/history/attempt-ring.ts';
import { WalhookError } from '../../src/errors.ts';
import type { KeptAttempt } from '../../src/kept-attempts.ts';
import type { Outcome } from '../../src/outcome.ts';
import type { LiveEvent } from '../../src/traffic.ts';
import { pino } from 'pino';
import { delivery } from '../store/delivery.ts';

const RELATION = { oid: 16_400, schema: 'public', table: 'people', replicaIdentity: 'f', columns: ['id', 'name', 'note'].map((name) => ({ name, typeOid: 25, typmod: -1, identity: true })) } as const;
const TRACED: TracedTable = { table: { relation: RELATION, name: 'public.people', key: [0], lookup: [], flag: new Uint8Array(3), redacted: '***' }, hiddenIn: () => null };
const DELIVERED: Outcome = { kind: 'delivered', status: 200, disable: false, ms: 5 };
const silent = pino({ level: 'silent' });

/** `undefined` stands for a value that the WAL does not carry. The texts lie somewhere in a message. */
function tuple(values: readonly (string | null | undefined)[]): Tuple {
  const before = Buffer.from('what comes before');
  const texts = values.map((value) => Buffer.from(value ?? ''));
  const between = Buffer.from('....');
  const start = new Uint32Array(values.length);
  const end = new Uint32Array(values.length);
  let at = before.length;
  for (const [i, text] of texts.entries()) {
    start[i] = at + between.length;
    end[i] = (start[i] ?? 0) + text.length;
    at = end[i] ?? 0;
  }
  return { bytes: Buffer.concat([before, ...texts.flatMap((text) => [between, text]), Buffer.from('after')]), count: values.length, kind: Uint8Array.from(values, (value) => (value === undefined ? UNCHANGED : value === null ? NULL : TEXT)), start, end };
}

function valuesOf(of: Tuple | null): (string | null | undefined)[] | null {
  return of === null ? null : Array.from(of.kind, (kind, i) => (kind === TEXT ? of.bytes.toString('utf8', of.start[i], of.end[i]) : kind === NULL ? null : undefined));
}

function change(n: number, row: Tuple | null, old: Tuple | null = null): Change {
  return { kind: row === null ? 'delete' : old === null ? 'insert' : 'update', relation: RELATION, transaction: { commitLsn: BigInt(n), xid: n, committedAt: BigInt(n) * 1_000_000n }, ordinal: n, tableOrdinal: 1, row, old, oldIsKey: false };
}

const text = fc.string({ unit: 'binary', maxLength: 20 }).filter((value) => value.isWellFormed());
const row = fc.array(fc.option(fc.option(text), { nil: undefined }), { minLength: 3, maxLength: 3 });

test('a change comes out as it went in, whatever becomes of the message it was in, and the ring stays within its bounds', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.option(row), fc.option(row), fc.array(fc.stringMatching(/^[a-z0-9-]{1,20}$/), { maxLength: 4 })), { maxLength: 40 }), (changes) => {
      const ring = new ChangeRing({ slots: 5, bytes: 700 });
      const kept: [Change, { id: string; hook: string; endpoint: string }[], unknown, unknown][] = [];
      for (const [n, [now, old, ids]] of changes.entries()) {
        const one = change(n + 1, now === null ? null : tuple(now), old === null ? null : tuple(old));
        const made = ids.map((id) => ({ id, hook: `h${n}`, endpoint: 'crm' }));
        if (ring.keep(one, TRACED, made)) kept.push([one, made, now, old]);
        one.row?.bytes.fill(0);
      }
      expect(ring.next - ring.first).toBeLessThanOrEqual(5);
      for (let serial = ring.first; serial < ring.next; serial++) {
        const found = ring.get(serial);
        const [one, made, now, old] = kept[serial] ?? [];
        expect([valuesOf(found?.change.row ?? null), valuesOf(found?.change.old ?? null)]).toEqual([now, old]);
        expect(found?.deliveries).toEqual(made);
        expect({ ...found?.change, row: null, old: null }).toEqual({ ...one, row: null, old: null });
      }
    }),
  );
});

test('a change that is too large is passed over, and counted', () => {
  const history = new History();
  history.changed(change(1, tuple(['1', 'x'.repeat(LARGEST_CHANGE), null])), TRACED, []);
  history.changed(change(2, tuple(['1', 'x', null])), TRACED, []);
  expect(history.changes({ limit: 10 })).toMatchObject({ passed_over: 1, changes: [{ place: '0000000000000002-1-16400', key: { id: '1' }, commit_lsn: '0/2' }] });
});

test('under load some are kept, all are counted, and who watches is told how many were not', async () => {
  vi.useFakeTimers();
  try {
    const history = new History();
    history.begin({ endpoints: [{ name: 'crm' }], hooks: [{ name: 'h' }], tables: [] } as unknown as Parameters<History['begin']>[0], null, 10);
    const events: LiveEvent[] = [];
    history.watch({}, (event) => events.push(event), new AbortController().signal);
    for (let n = 1; n <= 1_000; n++) history.attempted(delivery(n), DELIVERED, { result: 'delivered', attempt: 1 });
    expect(events).toEqual([]);
    expect(history.attemptRing.next).toBeLessThanOrEqual(40);
    expect(history.rates().endpoints).toMatchObject([{ per_minute: 1_000, attempts: { delivered: 1_000, failed: 0 } }]);
    await vi.advanceTimersByTimeAsync(100);
    const told = events.filter(({ type }) => type === 'attempt').length;
    expect(told).toBe(history.attemptRing.next);
    expect(events.at(-1)).toEqual({ type: 'skipped', count: 1_000 - told });
    expect(history.attemptsPassedOver).toBe(1_000 - told);
  } finally {
    vi.useRealTimers();
  }
});

test('rates are those of the last minutes, whatever stands still meanwhile', () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  try {
    const history = new History();
    history.begin({ endpoints: [{ name: 'crm' }], hooks: [], tables: [] } as unknown as Parameters<History['begin']>[0]);
    history.attempted(delivery(1), DELIVERED, { result: 'delivered', attempt: 1 });
    vi.setSystemTime(1_800_000_000_000 + 3 * 60_000);
    history.attempted(delivery(2), DELIVERED, { result: 'delivered', attempt: 1 });
    const [crm] = history.rates().endpoints;
    expect(crm?.minutes.slice(-5).map(({ delivered }) => delivered)).toEqual([0, 1, 0, 0, 1]);
    vi.setSystemTime(1_800_000_000_000 + 120 * 60_000);
    expect(history.rates().endpoints[0]).toMatchObject({ per_minute: 0, p50_ms: null, p95_ms: null, attempts: { delivered: 2 } });
  } finally {
    vi.useRealTimers();
  }
});

/** A store that takes what it is told to. */
class Shelf {
  readonly saved: KeptAttempt[] = [];
  failure: Error | null = null;
  async save(batch: readonly KeptAttempt[]): Promise<void> {
    if (this.failure !== null) throw this.failure;
    this.saved.push(...batch);
  }
  attempts = (): Promise<[]> => Promise.resolve([]);
  untended: Error | null = null;
  tend = (): Promise<number> => (this.untended === null ? Promise.resolve(0) : Promise.reject(this.untended));
}

function writing(slots: number) {
  const ring = new AttemptRing({ slots });
  const shelf = new Shelf();
  const writer = new HistoryWriter({ ring, store: shelf, log: silent, keep: 1_000, bodies: true });
  const keep = (from: number, to: number): void => {
    for (let n = from; n <= to; n++) ring.keep(delivery(n), DELIVERED, { result: 'delivered', attempt: 1, now: n });
  };
  return { shelf, writer, keep, ids: () => shelf.saved.map(({ at }) => at) };
}

test('each attempt is written once, in its order', async () => {
  const { writer, keep, ids } = writing(2_000);
  keep(1, 1_200);
  await writer.flush();
  keep(1_201, 1_203);
  await writer.close();
  expect(ids()).toEqual(Array.from({ length: 1_203 }, (_, n) => n + 1));
  expect(writer.dropped).toBe(0);
});

test('what the store does not take is tried again; what the ring has written over meanwhile is counted', async () => {
  const { shelf, writer, keep, ids } = writing(10);
  shelf.failure = new Error('down');
  keep(1, 5);
  await writer.flush();
  keep(6, 14);
  shelf.failure = null;
  await writer.flush();
  expect(ids()).toEqual([5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  expect(writer.dropped).toBe(4);
});

test('what is refused for good is left out, and after another daemon has taken over nothing is written', async () => {
  const { shelf, writer, keep, ids } = writing(10);
  keep(1, 2);
  shelf.failure = new WalhookError('refused', { code: 'state_refused' });
  await writer.flush();
  shelf.failure = null;
  keep(3, 3);
  await writer.flush();
  expect([ids(), writer.dropped]).toEqual([[3], 2]);
  shelf.failure = new WalhookError('fenced', { code: 'fenced' });
  keep(4, 4);
  await writer.flush();
  shelf.failure = null;
  await writer.close();
  expect(ids()).toEqual([3]);
});

test('a day that cannot be dropped, since somebody reads it, keeps nothing from being written', async () => {
  vi.useFakeTimers({ now: 0 });
  try {
    const { shelf, writer, keep, ids } = writing(10);
    keep(1, 1);
    await writer.flush();
    vi.advanceTimersByTime(2 * 3_600_000);
    shelf.untended = new Error('lock timeout');
    keep(2, 2);
    await writer.flush();
    expect(ids()).toEqual([1, 2]);
  } finally {
    vi.useRealTimers();
  }
});
