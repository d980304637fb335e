import type { BackfillReport } from '../../../src/backfills.ts';
import type { EngineReport, FleetPartition } from '../../../src/fleet.ts';
import type { ConfigReport, DatabaseReport, EndpointReport, Exchange, HookReport, Overview, Rendered, ShownRequest, SlotReport, Trace } from '../../../src/inspection.ts';
import type { StoredDetail } from '../../../src/operations.ts';
import type { AttemptReport, ChangeReport, EndpointRates } from '../../../src/traffic.ts';
import type { Delivery } from '../../../console/api/shapes.ts';
import { endpointReport } from '../../support/endpoint-report.ts';

/** A database of profiles and orders whose CRM is down: what the API says of it. Times are relative to the start. */
const START = Date.now();

export function ago(seconds: number): string {
  return new Date(START - seconds * 1_000).toISOString();
}

/** The same each time, without a pattern that one sees. */
function wave(i: number, most: number): number {
  return Math.round(most * (0.55 + 0.25 * Math.sin(i / 5) + 0.2 * Math.sin(i * 2.7)));
}

function rates(name: string, options: { readonly most: number; readonly failedFrom?: number; readonly p95?: number }): EndpointRates {
  const { most, failedFrom = 99, p95 = 184 } = options;
  const minutes = Array.from({ length: 60 }, (_, i) => (i >= failedFrom ? { delivered: 0, failed: wave(i, most / 3) } : { delivered: wave(i, most), failed: i % 23 === 7 ? 2 : 0 }));
  return {
    name,
    per_minute: minutes.at(-1)?.delivered ?? 0,
    p50_ms: p95 / 4,
    p95_ms: p95,
    behind_p95_ms: p95 * 1.4,
    minutes,
    attempts: { delivered: minutes.reduce((sum, { delivered }) => sum + delivered, 0), failed: minutes.reduce((sum, { failed }) => sum + failed, 0) },
  };
}

const WAREHOUSE = endpointReport('warehouse', {
  url: 'https://ingest.warehouse.example/v2/events',
  in_use: 3,
  rate: 200,
  delivered: 184_220,
  failed_attempts: 12,
  hooks: ['profiles-to-warehouse', 'orders-to-warehouse'],
  traffic: rates('warehouse', { most: 60 }),
});

export function endpointReports(): EndpointReport[] {
  return [
    {
      ...WAREHOUSE,
      name: 'crm',
      url: 'https://crm.example.com/hooks/profiles?key=***',
      breaker: 'open',
      probe_in: 18_000,
      failing_for: 1_380_000,
      mode: 'storing',
      in_use: 0,
      queued: 96,
      parked: 1_204,
      dead: 37,
      oldest_parked: ago(1_380),
      delivered: 48_012,
      failed_attempts: 412,
      last_error: {
        message: 'connect ECONNREFUSED 203.0.113.7:443',
        failure: 'refused',
        at: ago(12),
        hint: 'Nothing listens there: is the CRM up, and does a firewall between let port 443 through?',
      },
      signing: 'both',
      hooks: ['crm-profiles', 'crm-churn'],
      traffic: rates('crm', { most: 42, failedFrom: 37, p95: 1_240 }),
    },
    {
      ...WAREHOUSE,
      name: 'billing',
      url: 'http://billing.internal:8080/hooks',
      condition: 'paused',
      reason: 'migration of the ledger',
      condition_since: ago(7_400),
      concurrency: 4,
      in_use: 0,
      rate: null,
      parked: 318,
      oldest_parked: ago(7_300),
      delivered: 9_120,
      last_error: { message: 'billing.internal resolves to 10.2.0.14, which is refused: private address', failure: 'blocked_address', at: ago(90_000), hint: 'endpoints.billing: { network: { allow: [10.2.0.14/32] } }' },
      hooks: ['orders-to-billing'],
      traffic: rates('billing', { most: 12, failedFrom: 99, p95: 61 }),
    },
    WAREHOUSE,
    { ...WAREHOUSE, name: 'search', url: 'https://search.example.net/index', signing: 'none', concurrency: 32, in_use: 11, delivered: 402_190, hooks: ['profiles-to-search'], traffic: rates('search', { most: 220, p95: 48 }) },
  ];
}

export const OVERVIEW: Overview = {
  health: {
    level: 'failing',
    sentence: `crm has refused 1,204 deliveries since ${ago(1_380).slice(11, 16)}: connection refused. They are parked; nothing is lost. The WAL is not held back.`,
  },
  alerts: [
    { level: 'failing', message: 'crm refuses connections: connect ECONNREFUSED 203.0.113.7:443. The breaker is open; one delivery tries it every 30 s.', fix: 'walhook send crm', link: '/endpoints/crm' },
    { level: 'waiting', message: '37 deliveries to crm gave up and wait for somebody to send them again.', fix: 'walhook replay --endpoint crm --since 1h', link: '/deliveries?state=dead&endpoint=crm' },
    { level: 'waiting', message: 'billing has been paused for two hours: migration of the ledger.', fix: null, link: '/endpoints/billing' },
  ],
};

export const SLOT: SlotReport = {
  name: 'walhook',
  state: 'streaming',
  received: '2C/5F1A08D8',
  confirmed: '2C/5F19FFB0',
  behind: 180,
  wal: { wal_status: 'reserved', retained_bytes: 412_000_000, safe_bytes: 9_600_000_000, bytes_per_second: 84_000, seconds_left: 114_000 },
};

const HOOK: HookReport = {
  name: 'crm-profiles',
  table: 'public.profiles',
  to: ['crm'],
  events: ['insert', 'update', 'visibility_update', 'delete'],
  changed: ['email', 'country'],
  when: "row.country == 'NL'",
  entering: false,
  schedule: null,
  cooldown: null,
  order_by: null,
  format: 'event',
  encoding: 'json',
  enrich: [],
  key: ['user_id'],
  yaml: "name: crm-profiles\ntable: profiles\nto: crm\nchanged: [email, country]\nwhen: row.country == 'NL'\nfields:\n  omit: [password_hash]\n  rename: { first_name: given_name }\n",
  traffic: { name: 'crm-profiles', events: 96_402, matched: 49_250, deliveries: 49_250, delivered: 48_012, dead: 37 },
};

export const HOOKS: readonly HookReport[] = [
  HOOK,
  { ...HOOK, name: 'crm-churn', when: "row.plan == 'free' && old.plan != 'free'", entering: true, changed: null, schedule: '0 6 * * *', cooldown: 86_400_000, events: ['update'], format: 'body', yaml: 'name: crm-churn\ntable: profiles\nto: crm\n', traffic: { name: 'crm-churn', events: 90_112, matched: 88, deliveries: 88, delivered: 88, dead: 0 } },
  { ...HOOK, name: 'profiles-to-warehouse', to: ['warehouse'], when: null, changed: null, format: 'cloudevents', yaml: 'name: profiles-to-warehouse\ntable: profiles\nto: warehouse\nformat: cloudevents\n', traffic: { name: 'profiles-to-warehouse', events: 96_402, matched: 96_402, deliveries: 96_402, delivered: 96_400, dead: 0 } },
  { ...HOOK, name: 'profiles-to-search', to: ['search'], when: null, changed: ['name', 'email', 'city'], encoding: 'form', yaml: 'name: profiles-to-search\ntable: profiles\nto: search\n', traffic: { name: 'profiles-to-search', events: 96_402, matched: 71_800, deliveries: 71_800, delivered: 71_790, dead: 0 } },
  { ...HOOK, name: 'orders-to-billing', table: 'public.orders', to: ['billing'], when: 'row.total_cents > 0', changed: null, key: ['order_id'], enrich: ['customer'], format: 'body', yaml: 'name: orders-to-billing\ntable: orders\nto: billing\n', traffic: { name: 'orders-to-billing', events: 12_004, matched: 9_438, deliveries: 9_438, delivered: 9_120, dead: 0 } },
  { ...HOOK, name: 'orders-to-warehouse', table: 'public.orders', to: ['warehouse'], when: null, changed: null, key: ['order_id'], format: 'debezium', yaml: 'name: orders-to-warehouse\ntable: orders\nto: warehouse\n', traffic: null },
];

/** Everything that must be shown as text and may break nothing. */
export const HOSTILE = `<script>window.hacked = true</script><img src=x onerror="window.hacked=true">\u202egnp.exe\u0007 👩‍👩‍👧‍👦 \u0000 ${'W'.repeat(300)}`;

function body(i: number): string {
  return JSON.stringify({
    data: { user_id: 4_000 + i, first_name: i % 2 === 0 ? 'Anna' : 'Jan', email: `user${4_000 + i}@example.com`, country: 'NL', balance: 1_234.5 },
    redacted: i % 3 === 0 ? ['phone'] : [],
    meta: { operation: 'data_update', lookup_values: [{ field: 'email', value: `user${4_000 + i}@example.com`, previous_value: `old${i}@example.com` }] },
  });
}

export function idOf(i: number): string {
  return `0000002C5F${(0x1a_00_00 + i * 77).toString(16).toUpperCase().padStart(6, '0')}-${i % 9}-16402-crmprofiles${(i * 7919).toString(36)}`;
}

export function storedDelivery(i: number, state: StoredDetail['state']): StoredDetail {
  const text = i === 3 ? JSON.stringify({ data: { user_id: 4_003, bio: HOSTILE, notes: 'x'.repeat(5_000_000) }, redacted: [], meta: { operation: 'data_update', lookup_values: [] } }) : body(i);
  const delivered = state === 'delivered';
  return {
    state,
    id: idOf(i),
    endpoint: 'crm',
    hook: i % 5 === 1 ? 'crm-churn' : 'crm-profiles',
    table: i === 3 ? `public.${HOSTILE.slice(0, 80)}` : 'public.profiles',
    operation: i % 4 === 0 ? 'data_insert' : 'data_update',
    bytes: text.length,
    attempts: delivered ? 1 : state === 'dead' ? 12 : (i % 4) + 1,
    failure: delivered ? null : i % 3 === 0 ? 'status' : 'refused',
    status: delivered ? 200 : i % 3 === 0 ? 422 : null,
    message: delivered ? null : i === 3 ? `HTTP 422: ${HOSTILE}` : i % 3 === 0 ? 'HTTP 422: email is taken by another contact' : 'connect ECONNREFUSED 203.0.113.7:443',
    committed_at: ago(600 + i * 40),
    parked_at: delivered ? null : ago(590 + i * 40),
    died_at: state === 'dead' ? ago(30 + i * 31) : null,
    delivered_at: delivered ? ago(4 + i * 3) : null,
    duration_ms: delivered ? 40 + ((i * 37) % 210) : null,
    next_at: state === 'parked' ? new Date(START + (8 + i) * 1_000).toISOString() : null,
    method: null,
    path: null,
    content_type: 'application/json',
    headers: [],
    body: text,
    response: delivered ? '{"ok":true}' : i === 3 ? HOSTILE : i % 3 === 0 ? '{"error":"email is taken by another contact"}' : null,
    commit_lsn: '2C/5F19FFB0',
  };
}

export function requestOf(text: string, id: string): ShownRequest {
  return {
    method: 'POST',
    url: 'https://crm.example.com/hooks/profiles?key=***',
    headers: [
      ['content-type', 'application/json'],
      ['user-agent', 'walhook/0.1.0'],
      ['webhook-id', id],
      ['webhook-timestamp', '1795310400'],
      ['webhook-signature', 'v1,***'],
      ['x-api-key', '***'],
    ],
    body: text,
  };
}

export function detailOf(stored: StoredDetail): Delivery {
  const timeline: AttemptReport[] = Array.from({ length: Math.min(stored.attempts, 5) }, (_, i) => {
    const attempt = stored.attempts - Math.min(stored.attempts, 5) + i + 1;
    const last = attempt === stored.attempts;
    return {
      endpoint: stored.endpoint,
      attempt,
      at: ago(560 - i * 120),
      duration_ms: 14 + i * 6,
      result: !last ? 'parked' : stored.state === 'delivered' ? 'delivered' : stored.state,
      failure: stored.failure as AttemptReport['failure'],
      status: stored.status,
      message: stored.message,
      response: stored.response,
    };
  });
  return { ...stored, timeline, request: requestOf(stored.body, stored.id), behind_it: stored.state === 'parked' ? 3 : stored.state === 'dead' ? 0 : null };
}

export function changeReport(i: number, at = ago(i * 2 + 1)): ChangeReport {
  const table = i % 4 === 3 ? 'public.orders' : 'public.profiles';
  const operation = (['update', 'insert', 'update', 'update', 'delete'] as const)[i % 5] ?? 'update';
  return {
    place: `2C5F${(0x1a_08_d8 - i * 64).toString(16)}-${i % 3}-16402`,
    at,
    commit_lsn: `2C/5F${(0x1a_08_d8 - i * 64).toString(16).toUpperCase()}`,
    xid: 90_112 - i,
    table,
    operation,
    key: table === 'public.orders' ? { order_id: String(70_400 - i) } : { user_id: i === 5 ? HOSTILE : String(4_000 + i) },
    changed: operation === 'update' ? [['email'], ['city', 'country'], ['plan']][i % 3] ?? [] : null,
    deliveries: i % 7 === 6 ? [] : [{ id: idOf(i), hook: table === 'public.orders' ? 'orders-to-billing' : 'crm-profiles', endpoint: 'crm' }],
  };
}

export const TRACE: Trace = {
  change: changeReport(0, ago(640)),
  hooks: [
    { hook: 'crm-profiles', wanted: true, reasons: [], when: { expression: "row.country == 'NL'", value: true, error: null } },
    { hook: 'crm-churn', wanted: false, reasons: ['when: is false'], when: { expression: "row.plan == 'free' && old.plan != 'free'", value: false, error: null } },
    { hook: 'profiles-to-warehouse', wanted: true, reasons: [], when: null },
    { hook: 'profiles-to-search', wanted: false, reasons: ['changed: none of name, email, city changed'], when: null },
  ],
};

export function exchange(endpoint: string, text = '{"data":{"user_id":1},"redacted":[],"meta":{"operation":"data_insert","lookup_values":[]}}'): Exchange {
  return {
    endpoint,
    verdict: 'delivered',
    message: null,
    duration_ms: 43,
    request: requestOf(text, 'test-01J9ZK'),
    response: { status: 202, headers: [['content-type', 'application/json'], ['server', 'fixture']], body: '{"accepted":true}', truncated: false },
    requests: 1, public_keys: [], notes: ['Past queue and breaker: nothing of it is stored.'],
  };
}

export function rendered(hook: HookReport, draft: string | undefined): Rendered {
  const text = JSON.stringify({ data: { user_id: 4_001, given_name: 'Anna', email: 'user4001@example.com', country: 'NL', ...(draft === undefined ? {} : { drafted: true }) }, redacted: ['phone'], meta: { operation: 'data_update', lookup_values: [{ field: 'email', value: 'user4001@example.com' }] } });
  return { hook: hook.name, table: hook.table, key: { user_id: '4001' }, operation: 'update', wanted: true, when: hook.when === null ? null : true, notes: [], requests: hook.to.map((endpoint) => ({ endpoint, request: requestOf(text, 'example-01J9ZK') })) };
}

export function backfillReports(): BackfillReport[] {
  const one: BackfillReport = {
    id: 'bf_20261122T010000_x7k2',
    hook: 'profiles-to-warehouse',
    table: 'public.profiles',
    state: 'running',
    reason: null,
    where: "country = 'NL'",
    columns: null,
    rate: 500,
    rows_done: 18_400,
    rows_sent: 12_031,
    rows_estimated: 41_000,
    rows_per_second: 492,
    seconds_left: 46,
    requested_at: ago(41),
    started_at: ago(38),
    ended_at: null,
    origin: 'console',
  };
  return [one, { ...one, id: 'bf_20261121T193000_q1p9', hook: 'profiles-to-search', where: null, state: 'done', rate: null, rows_done: 96_402, rows_sent: 96_377, rows_estimated: 96_402, rows_per_second: null, seconds_left: null, requested_at: ago(21_000), started_at: ago(20_990), ended_at: ago(20_800), origin: 'initial' }, { ...one, id: 'bf_20261120T080000_a2c4', hook: 'orders-to-billing', table: 'public.orders', where: 'total_cents > 0 and', state: 'failed', reason: 'syntax error at end of input', rows_done: 0, rows_sent: 0, rows_estimated: null, rows_per_second: null, seconds_left: null, requested_at: ago(80_000), started_at: null, ended_at: ago(80_000), origin: 'command' }];
}

export const DATABASE: DatabaseReport = {
  server: { version: '18.1', database: 'app', wal_level: 'logical', in_recovery: false },
  findings: [
    { code: 'replica_identity', severity: 'error', message: 'crm-churn compares with the row before the change (old.plan), but orders has REPLICA IDENTITY DEFAULT: the WAL does not tell it.', fix: 'ALTER TABLE public.orders REPLICA IDENTITY FULL;', path: 'hooks[1].when', managed: false },
    { code: 'slot_wal_keep_size', severity: 'warning', message: 'max_slot_wal_keep_size is 10 GB: after 31 hours without walhook the slot would be lost.', fix: 'ALTER SYSTEM SET max_slot_wal_keep_size = \'50GB\';\nSELECT pg_reload_conf();', path: null, managed: false },
    { code: 'publication_extra', severity: 'info', message: 'The publication has public.audit, which no hook wants.', fix: 'ALTER PUBLICATION walhook DROP TABLE public.audit;', path: null, managed: true },
  ],
  publication: { name: 'walhook', exists: true, tables: ['public.profiles', 'public.orders', 'public.audit'] },
  slot: SLOT,
  tables: [
    { name: 'public.profiles', exists: true, key: ['user_id'], replica_identity: 'full', published: true, rows_estimated: 96_402, bytes: 61_400_000, hooks: ['crm-profiles', 'crm-churn', 'profiles-to-warehouse', 'profiles-to-search'] },
    { name: 'public.orders', exists: true, key: ['order_id'], replica_identity: 'default', published: true, rows_estimated: 1_204_100, bytes: 812_000_000, hooks: ['orders-to-billing', 'orders-to-warehouse'] },
  ],
};

const CONFIG_TEXT = `version: 1
source: { url: "postgres://walhook:***@db.internal:5432/app" }
server: { listen: 127.0.0.1:9464, token: "***" }
tables:
  profiles: { lookup: [email], replica_identity: full }
endpoints:
  crm:
    url: https://crm.example.com/hooks/profiles?key=***
    signing: { secrets: ["***"] }
    retry: { initial: 5s, factor: 3, max: 1h, attempts: 12 }
  billing: { url: "http://billing.internal:8080/hooks" }
hooks:
  - name: crm-profiles
    table: profiles
    to: crm
    changed: [email, country]
    when: row.country == 'NL'
`;

export function configReport(): ConfigReport {
  const disk = CONFIG_TEXT.replace('attempts: 12', 'attempts: 20').replace("row.country == 'NL'", "row.contry == 'NL'").replace('  billing:', '  search: { url: https://search.example.net/index, timout: 5s }\n  billing:');
  const problems = [
    { line: 11, column: 60, path: 'endpoints.search.timout', message: 'unknown key (did you mean "timeout"?)' },
    { line: 18, column: 11, path: 'hooks[0].when', message: 'row has no column contry (did you mean "country"?)' },
  ];
  return { path: '/etc/walhook/walhook.yaml', loaded_at: ago(92_000), text: CONFIG_TEXT, failed: { at: ago(310), message: 'walhook.yaml has 2 errors', problems }, disk: { text: disk, differs: true, problems } };
}

/** Two workers of seven partitions, two of which nobody has. */
export function fleetReport(): EngineReport {
  const part = (partition: number, worker: string | null, lag: number): FleetPartition => ({ topic: 'walhook', partition, worker, committed: 1_000, end: 1_000 + lag, lag });
  const first = 'worker-1-7';
  return {
    role: 'tail',
    topic: 'walhook',
    group: 'walhook',
    worker: first,
    partitions: [],
    generation: null,
    forwarded: 1_204_118,
    rebalances: 0,
    lost: 0,
    last_pause: null,
    paused: 0,
    problem: null,
    fleet: {
      partitions: [part(0, first, 100), part(1, first, 100), part(2, first, 11_800), part(3, first, 40), part(4, 'worker-2-7', 0), part(5, null, 31), part(6, null, 0)],
      workers: [
        { worker: null, partitions: [5, 6], lag: 31 },
        { worker: first, partitions: [0, 1, 2, 3], lag: 12_040 },
        { worker: 'worker-2-7', partitions: [4], lag: 0 },
      ],
      unassigned_for: 12_000,
    },
    fleet_error: null,
    fleet_problems: ['partitions 5, 6 of topic walhook have no worker: 31 records wait there'],
  };
}
