import { expect, test } from 'vitest';
import { DueTimes } from '../../src/route/due-times.ts';

function due(cron: string, timezone: string, times: readonly string[]): string[] {
  const dueTimes = new DueTimes({ cron, timezone });
  return times.map((time) => new Date(dueTimes.after(Date.parse(time))).toISOString());
}

test('it is the next time after the commit, never that of the commit itself, in whatever order they come', () => {
  const times = ['2026-11-21T05:59:59.999Z', '2026-11-21T06:00:00.000Z', '2026-11-21T05:00:00.000Z', '2026-11-22T05:59:00Z', '2020-01-01T00:00:00Z'];
  expect(due('0 6 * * *', 'UTC', times)).toEqual(['2026-11-21T06:00:00.000Z', '2026-11-22T06:00:00.000Z', '2026-11-21T06:00:00.000Z', '2026-11-22T06:00:00.000Z', '2020-01-01T06:00:00.000Z']);
});

test('a time zone has its summer time', () => {
  expect(due('0 6 * * *', 'Europe/Amsterdam', ['2026-03-28T12:00:00Z', '2026-10-24T12:00:00Z'])).toEqual(['2026-03-29T04:00:00.000Z', '2026-10-25T05:00:00.000Z']);
});
