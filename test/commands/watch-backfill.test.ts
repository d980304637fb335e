import { expect, test } from 'vitest';
import type { BackfillReport } from '../../src/backfills.ts';
import { type Clock, watchBackfill, type WatchOptions } from '../../src/commands/watch-backfill.ts';
import { WalhookError } from '../../src/errors.ts';
import { backfill } from '../support/memory-backfills.ts';

const BEGUN = backfill({ state: 'waiting' });
const SILENT = new WalhookError('nothing answers', { code: 'daemon_silent', hint: 'walhook run' });

interface Scene {
  readonly result: Promise<BackfillReport>;
  readonly written: string[];
}

/** Each look gives the next of these, in time that passes without being waited for. */
function watching(looks: readonly (Partial<BackfillReport> | Error)[], { screen = {}, stop = new AbortController() }: { screen?: object | null; stop?: AbortController } = {}): Scene {
  const written: string[] = [];
  const left = looks.values();
  let now = 1_000;
  const clock: Clock = {
    now: () => now,
    pause: async (ms) => {
      now += ms;
    },
  };
  const options: WatchOptions = {
    clock,
    stop: stop.signal,
    screen: screen === null ? null : Object.assign(screen, { write: (text: string) => written.push(text) }),
    backfills: {
      show: async () => {
        const { value: look, done } = left.next();
        if (done === true) {
          stop.abort();
          return BEGUN;
        }
        if (look instanceof Error) throw look;
        return backfill(look);
      },
    },
  };
  return { result: watchBackfill(BEGUN, options), written };
}

test('a terminal has one line that is drawn again at each look, as wide as it is at that moment', async () => {
  let columns = 100;
  const screen = {
    isTTY: true,
    get columns(): number {
      return (columns -= 30);
    },
  };
  const { result, written } = watching([{ rows_done: 5, rows_estimated: 10 }, { rows_done: 10, state: 'done' }], { screen });
  expect(await result).toMatchObject({ state: 'done', rows_done: 10 });
  expect(written).toHaveLength(4);
  expect(written.slice(0, 3).every((text) => text.startsWith('\r\u001b[2K'))).toBe(true);
  expect(written.map((text) => text.length - 5).slice(0, 3).every((length, look) => length <= 70 - 30 * look - 1)).toBe(true);
  expect(written.at(-1)).toBe('\n');
});

test('elsewhere a line is written when the state changes, and every ten seconds', async () => {
  const looks = Array.from({ length: 25 }, (_, n) => ({ rows_done: n + 1, rows_estimated: 100 }));
  const { result, written } = watching([...looks, { state: 'waiting', reason: 'endpoint crm is paused', rows_done: 25 }, { state: 'done', rows_done: 26 }]);
  await result;
  expect(written).toEqual([
    'crm-profiles  0 rows  waiting\n',
    'crm-profiles  1%  1 of ~100 rows\n',
    'crm-profiles  11%  11 of ~100 rows\n',
    'crm-profiles  21%  21 of ~100 rows\n',
    'crm-profiles  25 rows  waiting (endpoint crm is paused)\n',
    'crm-profiles  100%  26 rows  done\n',
  ]);
});

test('with nothing to show it on, it is watched all the same', async () => {
  const { result, written } = watching([{ rows_done: 5 }, { state: 'cancelled' }], { screen: null });
  expect(await result).toMatchObject({ state: 'cancelled' });
  expect(written).toEqual([]);
});

test('whoever stops watching gets what was seen last', async () => {
  const stop = new AbortController();
  const { result } = watching([{ rows_done: 5 }, { rows_done: 6 }], { stop });
  expect(await result).toMatchObject({ state: 'waiting' });
  expect(stop.signal.aborted).toBe(true);
});

test('a daemon that starts again is waited for, and told of once', async () => {
  const restart = [SILENT, SILENT, new WalhookError('walhook is starting', { code: 'not_running' }), SILENT];
  const { result, written } = watching([{ rows_done: 5 }, ...restart, { rows_done: 9, state: 'done' }]);
  expect(await result).toMatchObject({ rows_done: 9 });
  expect(written).toEqual(['crm-profiles  0 rows  waiting\n', 'crm-profiles  5 rows\n', 'crm-profiles  5 rows  waiting (the daemon does not answer)\n', 'crm-profiles  100%  9 rows  done\n']);
});

test('one that does not come back within a minute is given up; each answer begins the minute anew', async () => {
  const outage = (seconds: number): Error[] => Array.from({ length: seconds }, () => SILENT);
  await expect(watching([...outage(70)]).result).rejects.toBe(SILENT);
  expect(await watching([...outage(50), {}, ...outage(50), { state: 'done' }]).result).toMatchObject({ state: 'done' });
});

test('what the daemon refuses is not waited for', async () => {
  const gone = new WalhookError('there is no backfill', { code: 'unknown_backfill' });
  await expect(watching([gone, { state: 'done' }]).result).rejects.toBe(gone);
});
