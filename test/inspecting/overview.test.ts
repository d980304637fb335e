import { expect, test } from 'vitest';
import type { HealthFacts } from '../../src/inspecting/health-facts.ts';
import { overviewOf } from '../../src/inspecting/overview.ts';
import { endpointReport as endpoint } from '../support/endpoint-report.ts';

const NOW = Date.parse('2026-03-04T05:06:07Z');
const WAL = { wal_status: 'reserved', retained_bytes: 1_000_000, safe_bytes: null, bytes_per_second: 10, seconds_left: null };

function facts(changes: Partial<HealthFacts> = {}): HealthFacts {
  return {
    status: { state: 'streaming', problems: [], behind: 180, wal: WAL, slot: 'walhook' },
    engine: null,
    endpoints: [endpoint('crm'), endpoint('billing'), endpoint('search')],
    because: new Map(),
    unreadable: new Set(),
    forgotten: [],
    failedReload: null,
    perMinute: 42,
    now: NOW,
    ...changes,
  };
}

const FAILING = endpoint('crm', { breaker: 'open', parked: 1204, failing_for: NOW - Date.parse('2026-03-04T02:13:00Z'), mode: 'storing', last_error: { message: 'connection refused by crm.example (ECONNREFUSED)', failure: 'refused', at: null, hint: 'look' } });

test('all is well', () => {
  expect(overviewOf(facts())).toEqual({ health: { level: 'ok', sentence: 'All well: 3 endpoints, 42 events a minute, 180 ms behind.' }, alerts: [] });
  expect(overviewOf(facts({ endpoints: [endpoint('crm')], perMinute: null, status: { ...facts().status, behind: null } })).health.sentence).toBe('All well: 1 endpoint.');
});

test('an endpoint that fails: how many since when and why, and that nothing is lost', () => {
  const { health, alerts } = overviewOf(facts({ endpoints: [FAILING], because: new Map([['crm', 'connection refused']]) }));
  expect(health).toEqual({ level: 'failing', sentence: 'crm has refused 1,204 deliveries since 02:13: connection refused. They are parked; nothing is lost. The WAL is not held back.' });
  expect(alerts).toEqual([{ level: 'failing', message: health.sentence, fix: 'look', link: '/endpoints/crm' }]);
});

test('an endpoint whose parked deliveries cannot be read does not catch up, and says what helps', () => {
  const last_error = { message: 'what is parked cannot be read: evt_1 was changed', failure: null, at: null, hint: 'walhook discard' };
  for (const changes of [{}, { mode: 'storing' }, { mode: 'storing', breaker: 'open' }] as const) {
    const { alerts } = overviewOf(facts({ endpoints: [endpoint('crm', { parked: 3, last_error, ...changes })] }));
    expect(alerts).toEqual([{ level: 'failing', message: '3 deliveries for crm wait: what is parked cannot be read: evt_1 was changed.', fix: 'walhook discard', link: '/endpoints/crm' }]);
  }
});

test('while the state database fails nobody says that the WAL is not held back', () => {
  const { health, alerts } = overviewOf(facts({ endpoints: [FAILING], status: { ...facts().status, problems: ['the state database fails: connection refused'] } }));
  expect(health.sentence).toBe('The state database fails: connection refused. What was read is kept; the WAL is held back until it passes.');
  expect(alerts[1]?.message).toMatch(/nothing is lost\.$/);
});

test('what fails comes before what waits, and each has its fix', () => {
  const rotation = { public_key: null, began_at: '', ends_at: new Date(NOW + 3 * 3_600_000).toISOString(), configured: false, yaml: 'signing: …' };
  const { health, alerts } = overviewOf(
    facts({
      endpoints: [
        endpoint('a', { dead: 3 }),
        endpoint('b', { condition: 'paused', reason: 'maintenance', parked: 1 }),
        endpoint('c', { parked: 7, last_error: { message: 'm', failure: 'timeout', at: null, hint: 'h' } }),
        endpoint('d', { parked: 7, mode: 'storing' }),
        endpoint('e', { condition: 'disabled', reason: 'it answered 410', parked: 2 }),
        endpoint('f', { rotation }),
        endpoint('g', { slowed: true }),
      ],
      because: new Map([['c', 'no answer in time']]),
      forgotten: [{ name: 'old', parked: 1, dead: 1 }],
      failedReload: { at: new Date('2026-03-01T23:00:00Z') },
      status: { ...facts().status, wal: { ...WAL, seconds_left: 1_800 } },
    }),
  );
  expect(alerts.map(({ level, message, fix, link }) => [level, message, fix, link])).toEqual([
    ['failing', 'The WAL that slot walhook keeps (977 KiB) reaches its limit in 30 min, as things go.', expect.stringContaining('max_slot_wal_keep_size'), '/database'],
    ['failing', 'e is disabled: it answered 410. 2 deliveries are parked; nothing is lost. The WAL is not held back.', 'walhook resume e', '/endpoints/e'],
    ['waiting', '3 deliveries for a gave up: they are kept, and sent again when you say so.', 'walhook replay --endpoint a', '/deliveries?state=dead&endpoint=a'],
    ['waiting', 'b is paused: maintenance. 1 delivery waits.', 'walhook resume b', '/endpoints/b'],
    ['waiting', '7 deliveries for c wait for another try: no answer in time.', 'h', '/deliveries?state=parked&endpoint=c'],
    ['waiting', 'd catches up: 7 deliveries that were parked are being sent.', null, '/endpoints/d'],
    ['waiting', 'The new signing secret of f is not in the configuration yet. In 3 h it alone signs.', 'signing: …', '/endpoints/f'],
    ['waiting', 'g says that it gets too much: it is sent less for now.', 'endpoints.g: { rate: …/s }', '/endpoints/g'],
    ['waiting', '2 stored deliveries are for old, which the configuration no longer has: nothing is sent there.', expect.stringContaining('walhook discard'), '/config'],
    ['waiting', 'The reload at 2026-03-01 23:00 failed: the configuration before it goes on.', 'mend the file, then reload', '/config'],
  ]);
  expect(health).toMatchObject({ level: 'failing', sentence: alerts[0]?.message });
});

test.each([
  ['standby', 'waiting', /stands by/],
  ['starting', 'waiting', /starting/],
  ['reconnecting', 'failing', /broken/],
  ['draining', 'waiting', /ends/],
  ['stopped', 'failing', /stopped/],
] as const)('%s', (state, level, sentence) => {
  expect(overviewOf(facts({ status: { ...facts().status, state } })).health).toMatchObject({ level, sentence: expect.stringMatching(sentence) });
});

test('a fleet: its workers are counted, and a partition that nobody delivers from is told once it is more than a rebalance', () => {
  const fleet = (unassigned_for: number | null) => ({ partitions: [], workers: [{ worker: 'a-1', partitions: [0], lag: 0 }, { worker: 'b-2', partitions: [1], lag: 0 }], unassigned_for });
  const engine = { role: 'tail', fleet: fleet(null), fleet_error: null, fleet_problems: [] } as const;
  expect(overviewOf(facts({ engine })).health.sentence).toBe('All well: 3 endpoints, 2 workers, 180 ms behind.');
  const alerts = (unassigned_for: number) => overviewOf(facts({ engine: { ...engine, fleet: fleet(unassigned_for), fleet_problems: ['partition 3 of topic walhook has no worker: 5 records wait there'] } })).alerts;
  expect(alerts(3_000)).toEqual([]);
  expect(alerts(15_000)).toEqual([{ level: 'waiting', message: 'Partition 3 of topic walhook has no worker: 5 records wait there.', fix: 'walhook run --role deliver', link: '/' }]);
  expect(alerts(60_000)).toMatchObject([{ level: 'failing' }]);
});

test('a fleet whose broker cannot be asked: that is told, and nothing is made up', () => {
  const engine = { role: 'deliver', fleet: null, fleet_error: 'no broker answers', fleet_problems: ['the workers cannot be asked for: no broker answers'] } as const;
  const status = { ...facts().status, problems: ['the group cannot be reached'] };
  expect(overviewOf(facts({ engine, status })).alerts).toMatchObject([
    { level: 'failing', message: 'The group cannot be reached. What is not delivered stays in Kafka until it passes.' },
    { level: 'waiting', message: 'The workers cannot be asked for: no broker answers.', fix: null },
  ]);
});
