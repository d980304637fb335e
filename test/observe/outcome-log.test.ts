import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Outcome } from '../../src/outcome.ts';
import { OutcomeLog } from '../../src/observe/outcome-log.ts';
import { deliveryOf } from '../deliver/endpoint.ts';

type Failed = Extract<Outcome, { kind: 'failed' }>;

let lines: Record<string, unknown>[];
let log: OutcomeLog;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  log = new OutcomeLog(pino({ level: 'info', base: null, timestamp: false }, { write: (line: string) => void lines.push(JSON.parse(line)) }));
});

afterEach(() => {
  log.stop();
  vi.useRealTimers();
});

function failed(status: number | null): Failed {
  const failure = status === null ? 'refused' : 'status';
  return { kind: 'failed', failure, status, message: `said ${status ?? failure}`, response: '', retryAfter: null, verdict: 'retry', ms: 1 };
}

const to = (endpoint: string) => deliveryOf('id', '{}', { endpoint });

test('the first failure is a line, those of the next minute are one line, and silence ends it', () => {
  for (let i = 0; i < 1000; i++) log.parked(to('crm'), failed(i % 4 === 0 ? 503 : null));
  expect(lines).toEqual([expect.objectContaining({ level: 40, endpoint: 'crm', id: 'id', status: 503, msg: 'parked: said 503' })]);
  vi.advanceTimersByTime(60_000);
  expect(lines.slice(1)).toEqual([{ level: 40, endpoint: 'crm', failed: 999, kinds: { refused: 750, 503: 249 }, msg: '999 more attempts failed and were parked; the last: said refused' }]);
  log.parked(to('crm'), failed(500));
  vi.advanceTimersByTime(60_000);
  expect(lines.at(-1)).toMatchObject({ failed: 1, kinds: { 500: 1 } });
  vi.advanceTimersByTime(60_000);
  expect(lines).toHaveLength(3);
  expect(vi.getTimerCount()).toBe(0);
  log.parked(to('crm'), failed(500));
  expect(lines.at(-1)).toMatchObject({ msg: 'parked: said 500', id: 'id' });
});

test('each endpoint has lines of its own', () => {
  log.parked(to('crm'), failed(500));
  log.parked(to('erp'), failed(500));
  log.parked(to('erp'), failed(500));
  vi.advanceTimersByTime(60_000);
  expect(lines.map(({ endpoint }) => endpoint)).toEqual(['crm', 'erp', 'erp']);
});

test('every death is a line, as an error', () => {
  for (let i = 0; i < 3; i++) log.dead(to('crm'), failed(400), 12);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatchObject({ level: 50, hook: 'crm-profiles', failure: 'status', status: 400, attempts: 12, msg: 'dead: said 400' });
});

test('what was not summed up yet is said at the end', () => {
  log.parked(to('crm'), failed(500));
  log.parked(to('crm'), failed(500));
  log.stop();
  expect(lines).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});
