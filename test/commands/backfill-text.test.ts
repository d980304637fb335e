import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { backfillLines, endText } from '../../src/commands/backfill-text.ts';
import { backfill, REQUESTED_AT } from '../support/memory-backfills.ts';

const NOW = Date.parse(REQUESTED_AT) + 120_000;

test('a list has a line for each, and below what was asked for and why it does not run', () => {
  const running = backfill({ rows_done: 420_000, rows_sent: 400_000, rows_estimated: 1_000_000, rows_per_second: 5_200, seconds_left: 111, where: "country =\n'NL'", columns: ['id', 'email'], rate: 0.5 });
  const waiting = backfill({ id: 'bf_2', state: 'waiting', reason: 'endpoint crm is paused\u001b[2J' });
  expect(backfillLines([running, waiting], NOW)).toEqual([
    'backfill                 hook          table            state    done  rows                   sent     speed    left   asked for',
    'bf_20261121T193000_x7k2  crm-profiles  public.profiles  running  42%   420,000 of ~1,000,000  400,000  5,200/s  2 min  2 min ago',
    'bf_2                     crm-profiles  public.profiles  waiting  -     0                      0        -        -      2 min ago',
    "bf_20261121T193000_x7k2: where country = 'NL'; columns id, email; at most 30/m",
    'bf_2 waits: endpoint crm is paused\\u001b[2J',
  ]);
});

test('the end is told in a sentence, with what became of it', () => {
  const ended = backfill({ rows_done: 1, rows_sent: 0, started_at: '2026-11-21T19:30:00.000Z', ended_at: '2026-11-21T19:33:00.000Z' });
  expect(endText({ ...ended, state: 'done' })).toBe('bf_20261121T193000_x7k2 is done: 1 row of public.profiles looked at, 0 sent to crm-profiles, in 3 min');
  expect(endText({ ...ended, state: 'cancelled', rows_done: 2_000 })).toBe('bf_20261121T193000_x7k2 is cancelled: 2,000 rows of public.profiles looked at, 0 sent to crm-profiles');
  expect(endText({ ...ended, state: 'failed', reason: 'table public.profiles is gone' })).toContain('failed (table public.profiles is gone): 1 row');
});

test('docs/backfill.md shows what the API tells of one', () => {
  const page = readFileSync(new URL('../../docs/backfill.md', import.meta.url), 'utf8');
  const [, json = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  expect(Object.keys(JSON.parse(json))).toEqual(Object.keys(backfill()));
});
