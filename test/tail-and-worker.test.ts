import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Config } from '../src/config.ts';
import type { DaemonOptions } from '../src/daemon.ts';
import type { DaemonStatus } from '../src/daemon-status.ts';
import { idleEngine } from '../src/engine-status.ts';
import { WalhookError } from '../src/errors.ts';
import type { Running } from '../src/running.ts';
import { TailAndWorker } from '../src/tail-and-worker.ts';

const fake = vi.hoisted((): { start: (options: unknown) => Promise<unknown>; worker: unknown } => ({ start: () => Promise.reject(new Error('not begun')), worker: null }));
vi.mock('../src/daemon.ts', () => ({ Daemon: { start: (options: unknown) => fake.start(options) } }));
vi.mock('../src/worker.ts', () => ({ Worker: { start: () => Promise.resolve(fake.worker) } }));

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const AWAY = new WalhookError('the database is away', { code: 'unreachable', reaction: 'retry' });
const NO_SLOT = new WalhookError('slot walhook is not there', { code: 'slot_missing', reaction: 'stop' });
const TAKEN = new WalhookError('another one has the slot', { code: 'slot_taken' });

/** One of the two, which ends when the test says so. */
class Half implements Running {
  readonly #finished = Promise.withResolvers<void>();
  readonly done = this.#finished.promise;
  readonly fail = this.#finished.reject;
  readonly acting = null;
  readonly backfills = null;
  readonly #problems: readonly string[];
  readonly stop = vi.fn<() => Promise<void>>(async () => this.#finished.resolve());

  constructor(problems: readonly string[] = []) {
    this.#problems = problems;
    this.done.catch(() => undefined);
  }

  status(): DaemonStatus {
    return { problems: this.#problems, state: 'streaming', slot: 'walhook', received: '', confirmed: '', behind: 0, in_flight: { deliveries: 0, bytes: 0 }, endpoints: [], engine: idleEngine({ topic: 't', group: 'g' }, 'deliver'), wal: null };
  }
}

/** Tails by what becomes of each start: an error, `standby`, or one that streams. */
async function both(...starts: (Error | 'standby' | Half)[]): Promise<{ both: TailAndWorker; worker: Half; lines: string[]; begun: () => number }> {
  const worker = new Half(['of the worker']);
  const lines: string[] = [];
  let begun = 0;
  fake.worker = worker;
  fake.start = (given) => {
    const { signal, onStandby } = given as DaemonOptions;
    const next = starts[begun++] ?? 'standby';
    if (next instanceof Error) return Promise.reject(next);
    if (next instanceof Half) return Promise.resolve(next);
    onStandby?.();
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('ended'))));
  };
  const config = { source: { kafka: null } } as unknown as Config;
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) });
  const started = TailAndWorker.start({ config, log, version: '0.0.0-test' });
  return { both: await started, worker, lines, begun: () => begun };
}

test('what keeps a tail from its source is waited out beside a worker that goes on, and told while it lasts', async () => {
  const tail = new Half();
  const { both: one, worker, lines, begun } = await both(tail, AWAY, AWAY, AWAY, new Half(['of the tail']));
  expect(one.status().problems).toEqual(['of the worker']);
  tail.fail(AWAY);
  await vi.advanceTimersByTimeAsync(200);
  expect(one.status()).toMatchObject({ state: 'streaming', problems: ['the source is not read: the database is away', 'of the worker'] });
  await vi.advanceTimersByTimeAsync(5_000);
  expect([begun(), one.status().problems]).toEqual([5, ['of the tail', 'of the worker']]);
  expect(lines).toEqual(['the source is not read, and is tried again; the worker goes on', 'the source is read again, or stood by for']);
  expect(worker.stop).not.toHaveBeenCalled();
  await one.stop();
  await one.done;
  expect(worker.stop).toHaveBeenCalled();
});

test('neither does what only a person can put right end the worker, once the tail has been there', async () => {
  const tail = new Half();
  const { both: one, worker, begun } = await both(tail, NO_SLOT, NO_SLOT, NO_SLOT, NO_SLOT, NO_SLOT, NO_SLOT);
  tail.fail(NO_SLOT);
  await vi.advanceTimersByTimeAsync(3_000);
  expect(one.status().problems).toContain('the source is not read: slot walhook is not there');
  expect(worker.stop).not.toHaveBeenCalled();
  // Ever more seldom.
  expect(begun()).toBeLessThan(8);
  await one.stop();
});

test('a tail whose slot another one has taken stands by at once, and that is no trouble', async () => {
  const tail = new Half();
  const { both: one, begun } = await both(tail);
  expect(one.isStandby).toBe(false);
  tail.fail(TAKEN);
  await vi.advanceTimersByTimeAsync(1);
  expect([begun(), one.isStandby, one.status().problems]).toEqual([2, true, ['of the worker']]);
  await one.stop();
  expect(one.isStandby).toBe(false);
});

test('what keeps the first tail from its start is told, and the worker is ended', async () => {
  await expect(both(NO_SLOT)).rejects.toBe(NO_SLOT);
  expect((fake.worker as Half).stop).toHaveBeenCalled();
});

test('one that is ended before its tail is there does not wait for it', async () => {
  const ending = new AbortController();
  fake.worker = new Half();
  fake.start = (given) => new Promise((_, reject) => (given as DaemonOptions).signal?.addEventListener('abort', () => reject(new Error('ended'))));
  const config = { source: { kafka: null } } as unknown as Config;
  const started = TailAndWorker.start({ config, log: pino({ level: 'silent' }), version: '0.0.0-test', signal: ending.signal });
  await Promise.resolve();
  ending.abort();
  await expect(started).rejects.toMatchObject({ code: 'start_ended' });
  expect((fake.worker as Half).stop).toHaveBeenCalled();
});
