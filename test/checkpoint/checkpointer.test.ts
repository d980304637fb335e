import { afterEach, beforeEach, expect, test } from 'vitest';
import { Checkpointer } from '../../src/checkpoint/checkpointer.ts';
import { isWorthStoring } from '../../src/checkpoint/idle.ts';
import { type Position, START } from '../../src/position.ts';
import { VirtualTime } from '../support/virtual-time.ts';

const INTERVAL = 500;

let time: VirtualTime;
let safe: Position;
/** What happened, in order. */
let log: string[];
/** How the store answers. */
let save: () => Promise<void>;
let checkpointer: Checkpointer<Position>;

beforeEach(() => {
  time = VirtualTime.install();
  safe = START;
  log = [];
  save = () => Promise.resolve();
  checkpointer = new Checkpointer({
    store: {
      save: async (position) => {
        log.push(`store ${position.lsn}`);
        await save();
        log.push(`stored ${position.lsn}`);
      },
    },
    safe: () => safe,
    confirm: ({ lsn }) => log.push(`confirm ${lsn}`),
    isWorthIt: isWorthStoring,
    onError: () => log.push('error'),
    onRecovered: () => log.push('recovered'),
    start: START,
    interval: INTERVAL,
  });
});
afterEach(() => time.uninstall());

function deliveredUpTo(lsn: bigint): void {
  safe = { lsn, within: null };
  checkpointer.delivered();
}

test('confirms a position only once it is stored', async () => {
  let stored = (): void => undefined;
  save = () => new Promise((resolve) => (stored = resolve));
  checkpointer.start();
  deliveredUpTo(10n);
  await time.run(INTERVAL * 3);
  // One save at a time, and nothing confirmed while it is under way.
  expect(log).toEqual(['store 10']);
  stored();
  await time.settle();
  expect(log).toEqual(['store 10', 'stored 10', 'confirm 10']);
});

test('does nothing while the safe position is the stored one', async () => {
  checkpointer.start();
  await time.run(INTERVAL * 5);
  expect(log).toEqual([]);
});

test('a store that fails stops confirming, also for later positions, until it works again', async () => {
  save = () => Promise.reject(new Error('down'));
  checkpointer.start();
  deliveredUpTo(10n);
  await time.run(INTERVAL + 1);
  safe = { lsn: 20n, within: null };
  await time.run(INTERVAL * 2);
  expect(log).toEqual(['store 10', 'error', 'store 20', 'error', 'store 20', 'error']);
  save = () => Promise.resolve();
  await time.run(INTERVAL);
  expect(log.slice(6)).toEqual(['store 20', 'stored 20', 'confirm 20', 'recovered']);
});

test('an LSN that advances over nothing of ours is stored before it is confirmed, at most once a second', async () => {
  checkpointer.start();
  for (let i = 1n; i <= 20n; i++) {
    safe = { lsn: i * 4096n, within: null };
    await time.run(INTERVAL);
  }
  const saves = log.filter((line) => line.startsWith('store '));
  expect(saves.length).toBeGreaterThanOrEqual(8);
  expect(saves.length).toBeLessThanOrEqual(10);
  expect(log).toEqual(saves.flatMap((line) => [line, line.replace('store', 'stored'), line.replace('store', 'confirm')]));
});

// Fails if each advance is stored: storing writes WAL, which is the next advance.
test('on an idle database, where what it stores is all that is written, it comes to rest', async () => {
  save = () => {
    safe = { lsn: safe.lsn + 700n, within: null };
    return Promise.resolve();
  };
  checkpointer.start();
  deliveredUpTo(10_000n);
  await time.run(600_000);
  expect(log.filter((line) => line.startsWith('store '))).toEqual(['store 10000']);
  await checkpointer.stop();
  expect(log.slice(-3)).toEqual(['store 10700', 'stored 10700', 'confirm 10700']);
});

test('a position within a transaction is always stored', async () => {
  checkpointer.start();
  safe = { lsn: 10n, within: { commitLsn: 20n, ordinal: 1000 } };
  await time.run(INTERVAL + 1);
  expect(log).toEqual(['store 10', 'stored 10', 'confirm 10']);
});

test('stop stores and confirms what is safe, after the save that is under way', async () => {
  let stored = (): void => undefined;
  save = () => new Promise((resolve) => (stored = resolve));
  checkpointer.start();
  deliveredUpTo(10n);
  await time.run(INTERVAL + 1);
  save = () => Promise.resolve();
  deliveredUpTo(20n);
  const stopped = checkpointer.stop();
  await time.settle();
  expect(log).toEqual(['store 10']);
  stored();
  await stopped;
  expect(log).toEqual(['store 10', 'stored 10', 'confirm 10', 'store 20', 'stored 20', 'confirm 20']);
  await checkpointer.stop();
  await time.run(INTERVAL * 3);
  expect(log).toHaveLength(6);
  expect(time.pending).toBe(0);
});

test('stop without start stores too, and fails if the store does', async () => {
  save = () => Promise.reject(new Error('down'));
  deliveredUpTo(10n);
  await expect(checkpointer.stop()).rejects.toThrow('down');
  expect(log).toEqual(['store 10']);
  save = () => Promise.resolve();
  await checkpointer.stop();
  expect(log).toEqual(['store 10', 'store 10', 'stored 10', 'confirm 10']);
});
