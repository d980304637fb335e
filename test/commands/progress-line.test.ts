import { describe, expect, test } from 'vitest';
import { progressLine } from '../../src/commands/progress-line.ts';
import { backfill } from '../support/memory-backfills.ts';

const RUNNING = backfill({ rows_done: 420_000, rows_estimated: 1_000_000, rows_per_second: 5_234.4, seconds_left: 111 });

test('a line has the hook, a bar, the share, the rows, the speed and the time left', () => {
  expect(progressLine(RUNNING, 119)).toBe('crm-profiles  [================>                       ]   42%    420,000 of ~1,000,000 rows  5,234/s   2 min left');
});

test('what a narrow terminal has no room for is left out, the least wanted first; the share stays', () => {
  const at = (width: number): string => progressLine(RUNNING, width);
  expect(at(80)).toBe('crm-profiles  [==>   ]   42%    420,000 of ~1,000,000 rows  5,234/s   2 min left');
  expect(at(79)).toMatch(/^crm-profiles {2}\[=+> +\] {3}42% {4}420,000 of ~1,000,000 rows {3}2 min left$/);
  expect(at(60)).toMatch(/^\[=+> +\] {3}42% {4}420,000 of ~1,000,000 rows {3}2 min left$/);
  expect(at(46)).toMatch(/^\[=+> +\] {3}42% {4}420,000 of ~1,000,000 rows$/);
  expect(at(35)).toBe(' 42%    420,000 of ~1,000,000 rows');
  expect(at(20)).toBe(' 42%');
  expect(at(3)).toBe(' 42');
  expect(at(0)).toBe('');
  expect(at(-1)).toBe('');
});

test('no line is longer than the terminal is wide, and a bar that is there fills what is free', () => {
  const reports = [
    RUNNING,
    { ...RUNNING, rows_estimated: null, seconds_left: null },
    { ...RUNNING, state: 'waiting', reason: 'endpoint crm is paused: a very long reason that somebody has given for it, for no good reason at all' } as const,
    { ...RUNNING, hook: 'x'.repeat(200) },
    { ...RUNNING, rows_done: 123_456_789_012, rows_estimated: 999_999_999_999 },
  ];
  for (const report of reports) {
    for (let width = 0; width <= 250; width++) expect(progressLine(report, width).length, `${width}`).toBeLessThanOrEqual(width);
  }
  for (let width = 80; width <= 110; width++) expect(progressLine(RUNNING, width)).toHaveLength(width);
});

describe('the share', () => {
  test.for([
    [0, 1_000, 'running', '0%'],
    [999, 1_000, 'running', '99%'],
    // What has reached the estimate has not ended.
    [1_000, 1_000, 'running', '99%'],
    [2_000, 1_000, 'running', '99%'],
    [0, 0, 'running', '0%'],
    [0, 0, 'done', '100%'],
    [7, 1_000, 'done', '100%'],
  ] as const)('%i of %i, %s: %s', ([rows_done, rows_estimated, state, share]) => {
    expect(progressLine(backfill({ rows_done, rows_estimated, state }), 119)).toContain(`]  ${share.padStart(4)}`);
  });

  test('where there is no estimate there is no bar and no share', () => {
    expect(progressLine(backfill({ rows_done: 1_234, rows_per_second: 3.14 }), 119)).toBe('crm-profiles  1,234 rows  3.1/s');
  });
});

test('one that does not run says why, and neither speed nor time left', () => {
  const line = progressLine({ ...RUNNING, state: 'waiting', reason: 'endpoint crm\u001b[2J is\npaused' }, 119);
  expect(line).toMatch(/420,000 of ~1,000,000 rows {2}waiting \(endpoint crm\\u001b\[2J is paused\)$/);
  expect(progressLine({ ...RUNNING, state: 'paused' }, 119)).toMatch(/rows {2}paused$/);
});

test('what is done counts the rows that there were', () => {
  expect(progressLine(backfill({ state: 'done', rows_done: 1, rows_estimated: 200 }), 119)).toMatch(/\] {2}100% {2,}1 row {2}done$/);
});

test('nothing moves while numbers grow', () => {
  const shapes = [1, 99, 12_345, 999_999].map((rows_done) => progressLine({ ...RUNNING, rows_done }, 79).replaceAll(/[=>]/g, ' ').search(/of ~/));
  expect(new Set(shapes).size).toBe(1);
});

test('nor while it becomes slower or faster, on a terminal of 80 columns', () => {
  const lengths = [9.9, 99, 999, 1_000, 9_999].map((rows_per_second) => progressLine({ ...RUNNING, rows_per_second }, 80).indexOf(']'));
  expect(new Set(lengths).size).toBe(1);
});
