import { expect, test } from 'vitest';
import type { StatusReport } from '../../src/commands/status-text.ts';
import { cut, type LiveScreen, watchStatus } from '../../src/commands/watch-status.ts';
import { WalhookError } from '../../src/errors.ts';

const REPORT: StatusReport = {
  daemon: null,
  daemon_error: 'nothing answers',
  daemon_url: null,
  source_topics: null, slot_name: 'walhook',
  slot: null,
  slot_error: null,
  checkpoint_at: null,
  state_error: null,
  endpoints: [],
  backfills: null,
};

/** Looks as often as there are results, then stops. */
async function watched(looks: readonly (StatusReport | WalhookError)[], screen: Omit<LiveScreen, 'write'>, json = false): Promise<string[]> {
  const stop = new AbortController();
  const written: string[] = [];
  let at = 0;
  await watchStatus({
    look: async () => {
      const result = looks[at++];
      if (result === undefined) {
        stop.abort();
        return new Promise(() => undefined);
      }
      if (result instanceof WalhookError) throw result;
      return result;
    },
    interval: 1,
    json,
    screen: { ...screen, write: (text) => void written.push(text) },
    stop: stop.signal,
  });
  return written;
}

const GONE = new WalhookError('u@host:1/db: the database cannot be reached', { code: 'database_unreachable', exit: 69 });

test('it goes on while nothing answers, and shows what is there when it is back', async () => {
  const written = await watched([REPORT, GONE, REPORT], {});
  expect(written).toHaveLength(3);
  expect(written[0]).toMatch(/^\d{4}-\d\d-\d\dT.*Z\nwalhook is not running: nothing answers/);
  expect(written[1]).toContain('neither the daemon nor the database answers: u@host:1/db');
  expect(written[2]).toContain('slot walhook');
});

test('as JSON it is an object a line, whatever the screen is', async () => {
  const written = await watched([REPORT, GONE], { isTTY: true }, true);
  expect(written.map((line) => JSON.parse(line))).toEqual([
    { at: expect.any(String), ...REPORT },
    { at: expect.any(String), error: GONE.message, code: 'database_unreachable' },
  ]);
  for (const line of written) expect(line).toMatch(/^[^\n]+\n$/);
});

test('on a terminal it is drawn in place, within its columns and rows, and the cursor comes back', async () => {
  const [first = '', second = '', ...rest] = await watched([REPORT, REPORT], { isTTY: true, columns: 30, rows: 5 });
  expect(first.startsWith('\u001b[?25l\u001b[2J\u001b[H')).toBe(true);
  expect(second.startsWith('\u001b[H')).toBe(true);
  expect(second).not.toContain('\u001b[2J');
  const lines = second.slice('\u001b[H'.length).split('\n');
  expect(lines).toHaveLength(5);
  expect(lines.slice(0, 4).every((line) => line.replace('\u001b[K', '').length <= 29)).toBe(true);
  expect(lines[3]).toBe('…\u001b[K');
  expect(rest).toEqual(['\u001b[?25h']);
});

test('a fault of our own is no passing one', async () => {
  await expect(watchStatus({ look: () => Promise.reject(new TypeError('a fault')), interval: 1, json: true, screen: { write: () => undefined }, stop: new AbortController().signal })).rejects.toThrow('a fault');
});

test('a line that is too long is cut without its colours', () => {
  expect(cut('short', 5)).toBe('short');
  expect(cut('\u001b[31mabcdef\u001b[39m', 3)).toBe('\u001b[31mabc\u001b[39m');
});
