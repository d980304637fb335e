import { expect, test } from 'vitest';
import type { DaemonReport } from '../../src/commands/daemon-report.ts';
import { metricsAnswer } from '../../src/observe/http-metrics.ts';
import { Histogram } from '../../src/history/histogram.ts';
import type { MetricFacts } from '../../src/observe/metric-facts.ts';
import { METRICS } from '../../src/observe/metrics.ts';
import { backfill } from '../support/memory-backfills.ts';
import { type Family, parseExposition, valueOf } from './exposition.ts';
import { ENGINE } from './reports.ts';

const CRM: DaemonReport['endpoints'][number] = {
  name: 'crm',
  queued: 3,
  mode: 'direct',
  condition: 'active',
  reason: 'see https://wiki.example.com/id-4711',
  breaker: 'closed',
  probe_in: null,
  failing_for: null,
  slowed: false,
  delivered: 1_000,
  skipped: 2,
  failed_attempts: 5,
  last_error: 'https://crm.example.com/hooks?id=id-4711 answered 500',
  parked: 7,
  dead: 1,
  oldest_parked: null,
  condition_since: null,
};

const ID = 'bf_20261121T193000_x7k2';
const TIMES = new Histogram();
for (const ms of [0.5, 3, 3, 700, 50_000]) TIMES.add(ms);

const FACTS: DaemonReport & Pick<MetricFacts, 'hooks' | 'traffic' | 'reload' | 'process'> = {
  version: '1.0.0',
  pid: 7,
  uptime: 60,
  problems: [],
  state: 'streaming',
  slot: 'walhook',
  received: '1/10',
  confirmed: '0/FFFFFFF0',
  behind: 1_500,
  in_flight: { deliveries: 4, bytes: 2_048 },
  engine: ENGINE,
  wal: { wal_status: 'extended', retained_bytes: 16_777_216, safe_bytes: 33_554_432, bytes_per_second: 10, seconds_left: 7_200 },
  endpoints: [CRM, { ...CRM, name: 'audit', queued: 0, condition: 'paused', breaker: 'open', probe_in: 5_000, failing_for: 90_500, parked: 9, dead: 0 }],
  not_configured: [{ name: 'gone', parked: 2, dead: 3, oldest_parked: null, condition_since: null }],
  backfills: [
    backfill({ id: ID, hook: 'crm-profiles', reason: 'https://crm.example.com', where: "id = 'id-4711'", rows_done: 100, rows_sent: 90, rows_estimated: 1_000, rows_per_second: 12.5, seconds_left: 72 }),
    backfill({ id: `${ID}b`, hook: 'crm-profiles', state: 'paused', rows_done: 20, rows_sent: 20, rows_estimated: 50 }),
    backfill({ id: `${ID}c`, hook: 'removed', state: 'waiting' }),
  ],
  hooks: ['crm-profiles', 'idle'],
  traffic: {
    tables: [{ name: 'public.profiles', insert: 3, update: 2, delete: 1, truncate: 0 }],
    hooks: [{ name: 'crm-profiles', events: 6, matched: 5, deliveries: 10, delivered: 9, dead: 1 }],
    endpoints: [{ name: 'crm', outcomes: { delivered: 9, status_5xx: 2 }, duration: TIMES, behind: TIMES }],
    passedOver: 4,
    lost: 2,
  },
  reload: { applied: 2, refused: 1, appliedAt: 1_780_000_000_000, isLastApplied: false },
  process: { rss: 1_000_000, heapUsed: 500_000, cpu: 1.5, active: 1.25, startedAt: 1_780_000_000 },
};

async function scrapeOf(facts: MetricFacts): Promise<Map<string, Family>> {
  return parseExposition(await (await metricsAnswer(facts)).text());
}

async function scrape(change: Partial<MetricFacts> = {}): Promise<Map<string, Family>> {
  return parseExposition(await (await metricsAnswer({ ...FACTS, ...change })).text());
}

/** Of all states of something, the one that has a 1. */
function stateOf(families: ReadonlyMap<string, Family>, name: string, labels: Readonly<Record<string, string>> = {}): string[] {
  const samples = families.get(name)?.samples ?? [];
  const own = samples.filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value));
  expect(own.every(({ value }) => value === 0 || value === 1)).toBe(true);
  return own.flatMap(({ labels: { state = '' }, value }) => (value === 1 ? [state] : []));
}

test('each metric is told in the text format, under the type, the labels and the help of its definition', async () => {
  const answer = await metricsAnswer(FACTS);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const families = parseExposition(await answer.text());
  expect([...families.keys()]).toEqual(METRICS.map(({ name }) => name));
  for (const { name, type, labels, help } of METRICS) {
    const family = families.get(name);
    expect(family).toMatchObject({ type, help });
    expect(family?.samples.length).toBeGreaterThan(0);
    for (const { part, labels: found } of family?.samples ?? []) expect(Object.keys(found), name).toEqual(part === '_bucket' ? ['le', ...labels] : labels);
  }
});

test('names are as Prometheus wants them', () => {
  for (const { name, type, help } of METRICS) {
    expect(name).toMatch(/^(?:walhook|process|nodejs)_[a-z]+(?:_[a-z]+)*$/);
    expect(name.endsWith('_total'), name).toBe(type === 'counter');
    expect(name).not.toMatch(/_(?:count|sum|bucket|info|ms|milliseconds|minutes|kb|percent)$|gauge|counter/);
    if (/seconds|bytes/.test(name.replace('_per_second', '')) && type !== 'counter') expect(name).toMatch(/_(?:seconds|bytes)$/);
    expect(help).toMatch(/^\S.*[^.\s]$/);
  }
});

test('no label and no line has an id, a URL, a condition or an error: labels are names and states of the configuration', async () => {
  const text = await (await metricsAnswer(FACTS)).text();
  for (const never of [ID, 'id-4711', '://', 'example.com', 'answered 500']) {
    expect(JSON.stringify(FACTS)).toContain(never);
    expect(text).not.toContain(never);
  }
  const names = { endpoint: ['crm', 'audit', 'gone'], hook: ['crm-profiles', 'idle', 'removed'], table: ['public.profiles'], operation: ['insert', 'update', 'delete', 'truncate'], outcome: ['delivered', 'status_5xx'], result: ['applied', 'refused'], role: ['tail', 'deliver', 'all'], topic: ['walhook'], partition: ['0', '1'] };
  const states = 'starting standby streaming reconnecting draining stopped active paused disabled reserved extended unreserved lost waiting running'.split(' ');
  for (const { samples } of parseExposition(text).values()) {
    for (const { labels } of samples) {
      for (const [label, value] of Object.entries(labels)) if (label !== 'le') expect({ ...names, state: states }[label], label).toContain(value);
    }
  }
});

test('the daemon, its lag and its WAL', async () => {
  const all = await scrape();
  expect(valueOf(all, 'walhook_ready')).toBe(1);
  expect(stateOf(all, 'walhook_state')).toEqual(['streaming']);
  expect(valueOf(all, 'walhook_received_lag_seconds')).toBe(1.5);
  expect(valueOf(all, 'walhook_confirmed_lag_bytes')).toBe(32);
  expect(valueOf(all, 'walhook_wal_retained_bytes')).toBe(16_777_216);
  expect(valueOf(all, 'walhook_wal_safe_bytes')).toBe(33_554_432);
  expect(valueOf(all, 'walhook_wal_left_seconds')).toBe(7_200);
  expect(stateOf(all, 'walhook_wal_state')).toEqual(['extended']);
  expect(valueOf(all, 'walhook_in_flight_deliveries')).toBe(4);
  expect(valueOf(all, 'walhook_in_flight_bytes')).toBe(2_048);

  expect(valueOf(await scrape({ problems: ['the checkpoint cannot be stored'] }), 'walhook_ready')).toBe(0);
  const away = await scrape({ state: 'reconnecting' });
  expect(valueOf(away, 'walhook_ready')).toBe(0);
  expect(stateOf(away, 'walhook_state')).toEqual(['reconnecting']);
});

test('endpoints, those too that the configuration no longer has', async () => {
  const all = await scrape();
  const told = (name: string): (number | null)[] => ['crm', 'audit', 'gone'].map((endpoint) => valueOf(all, `walhook_endpoint_${name}`, { endpoint }));
  expect(told('queued_deliveries')).toEqual([3, 0, null]);
  expect(told('parked_deliveries')).toEqual([7, 9, 2]);
  expect(told('dead_deliveries')).toEqual([1, 0, 3]);
  expect(told('breaker_open')).toEqual([0, 1, null]);
  expect(told('failing_seconds')).toEqual([0, 90.5, null]);
  expect(told('delivered_total')).toEqual([1_000, 1_000, null]);
  expect(told('skipped_total')).toEqual([2, 2, null]);
  expect(told('failed_attempts_total')).toEqual([5, 5, null]);
  expect(stateOf(all, 'walhook_endpoint_state', { endpoint: 'crm' })).toEqual(['active']);
  expect(stateOf(all, 'walhook_endpoint_state', { endpoint: 'audit' })).toEqual(['paused']);
});

test('what went by, as it was counted', async () => {
  const all = await scrape();
  expect(valueOf(all, 'walhook_changes_total', { table: 'public.profiles', operation: 'update' })).toBe(2);
  expect(['events', 'matched', 'deliveries', 'delivered', 'dead'].map((step) => valueOf(all, `walhook_hook_${step}_total`, { hook: 'crm-profiles' }))).toEqual([6, 5, 10, 9, 1]);
  expect(valueOf(all, 'walhook_attempts_total', { endpoint: 'crm', outcome: 'status_5xx' })).toBe(2);
  expect([valueOf(all, 'walhook_history_passed_over_total'), valueOf(all, 'walhook_history_lost_total')]).toEqual([4, 2]);
  const samples = all.get('walhook_attempt_duration_seconds')?.samples ?? [];
  const at = (le: string): number | undefined => samples.find(({ labels }) => labels['le'] === le)?.value;
  expect(['0.001', '0.002', '0.004', '0.512', '1.024', '32.768', '+Inf'].map(at)).toEqual([1, 1, 3, 3, 4, 4, 5]);
  expect(samples.filter(({ part }) => part !== '_bucket').map(({ part, value }) => [part, value])).toEqual([['_sum', expect.closeTo(50.7065, 6)], ['_count', 5]]);
});

test('changes of the configuration, and the process', async () => {
  const all = await scrape();
  expect(['applied', 'refused'].map((result) => valueOf(all, 'walhook_reloads_total', { result }))).toEqual([2, 1]);
  expect(valueOf(all, 'walhook_reload_last_ok')).toBe(0);
  expect(valueOf(all, 'walhook_reload_last_applied_timestamp_seconds')).toBe(1_780_000_000);
  expect(valueOf(all, 'process_cpu_seconds_total')).toBe(1.5);
  expect(valueOf(await scrape({ reload: { applied: 0, refused: 0, appliedAt: null, isLastApplied: null } }), 'walhook_reload_last_ok')).toBeNull();
});

test('backfills of one hook are summed, what is not known of one is left out, and hooks without one have zeros', async () => {
  const all = await scrape();
  const told = (name: string): (number | null)[] => ['crm-profiles', 'removed', 'idle'].map((hook) => valueOf(all, `walhook_backfill_${name}`, { hook }));
  expect(told('rows_done')).toEqual([120, 0, null]);
  expect(told('rows_sent')).toEqual([110, 0, null]);
  expect(told('rows_estimated')).toEqual([1_050, null, null]);
  expect(told('rows_per_second')).toEqual([12.5, 0, null]);
  expect(told('left_seconds')).toEqual([72, null, null]);
  const counts = (hook: string): (number | null)[] => ['waiting', 'running', 'paused'].map((state) => valueOf(all, 'walhook_backfills', { hook, state }));
  expect(counts('crm-profiles')).toEqual([0, 1, 1]);
  expect(counts('removed')).toEqual([1, 0, 0]);
  expect(counts('idle')).toEqual([0, 0, 0]);
});

test('what is not known is left out, not 0', async () => {
  const unknown: MetricFacts = {
    ...FACTS,
    state: 'starting',
    received: '',
    confirmed: '',
    behind: null,
    wal: { wal_status: 'lost', retained_bytes: null, safe_bytes: null, seconds_left: null },
    endpoints: FACTS.endpoints.map((endpoint) => ({ ...endpoint, parked: null, dead: null })),
    not_configured: [],
    backfills: null,
    engine: null,
  };
  const without = await scrape(unknown);
  expect(stateOf(without, 'walhook_wal_state')).toEqual(['lost']);
  const left = METRICS.map(({ name }) => name).filter((name) => !without.has(name));
  expect(left).toEqual([
    'walhook_received_lag_seconds',
    'walhook_confirmed_lag_bytes',
    'walhook_wal_retained_bytes',
    'walhook_wal_safe_bytes',
    'walhook_wal_left_seconds',
    'walhook_endpoint_parked_deliveries',
    'walhook_endpoint_dead_deliveries',
    'walhook_backfills',
    'walhook_backfill_rows_done',
    'walhook_backfill_rows_sent',
    'walhook_backfill_rows_estimated',
    'walhook_backfill_rows_per_second',
    'walhook_backfill_left_seconds',
    ...METRICS.flatMap(({ name }) => (name.startsWith('walhook_engine_') ? [name] : [])),
  ]);
  const { traffic: _traffic, reload: _reload, process: _process, ...bare } = unknown;
  const standby = await scrapeOf({ ...bare, state: 'standby', wal: null, endpoints: [] });
  expect([...standby.keys()]).toEqual(['walhook_ready', 'walhook_state', 'walhook_in_flight_deliveries', 'walhook_in_flight_bytes']);
});

test('of the whole topic the process that reads the slot tells, and no other: sums over a job count nothing twice', async () => {
  const tail = await scrape({ engine: { ...ENGINE, role: 'tail', partitions: [] } });
  expect(valueOf(tail, 'walhook_engine_lag_records', { topic: 'walhook', partition: '0' })).toBe(10);
  expect(valueOf(tail, 'walhook_engine_partition_assigned', { topic: 'walhook', partition: '1' })).toBe(0);
  expect([valueOf(tail, 'walhook_engine_workers'), valueOf(tail, 'walhook_engine_idle_workers')]).toEqual([2, 1]);
  expect(valueOf(tail, 'walhook_engine_reads_slot')).toBe(1);
  expect(tail.has('walhook_engine_rebalances_total')).toBe(false);
  const worker = await scrape({ engine: { ...ENGINE, role: 'deliver' }, received: '', confirmed: '' });
  expect(valueOf(worker, 'walhook_engine_reads_slot')).toBe(0);
  expect(valueOf(worker, 'walhook_engine_rebalance_pause_seconds_total')).toBe(2.5);
  for (const name of ['walhook_engine_lag_records', 'walhook_engine_workers', 'walhook_engine_partition_assigned', 'walhook_engine_forwarded_total']) expect(worker.has(name), name).toBe(false);
});

test('a tail that has lost the database reads no slot, and a broker that is away is told', async () => {
  const scraped = await scrape({ state: 'reconnecting', engine: { ...ENGINE, problem: 'no broker answers', fleet: null, fleet_error: 'no broker answers' } });
  expect(valueOf(scraped, 'walhook_engine_reads_slot')).toBe(0);
  expect(valueOf(scraped, 'walhook_engine_broker_ok')).toBe(0);
  expect(scraped.has('walhook_engine_lag_records')).toBe(false);
});

test('where topics are the source no slot is told to be unread', async () => {
  expect((await scrape({ readsTopics: true, engine: ENGINE, received: '', confirmed: '' })).has('walhook_engine_reads_slot')).toBe(false);
});
