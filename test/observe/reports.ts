import type { ActionReport } from '../../src/actions.ts';
import type { EngineReport } from '../../src/fleet.ts';
import type * as Seen from '../../src/inspection.ts';
import type { StoredDelivery, StoredDetail, Tally } from '../../src/operations.ts';
import type { AttemptReport, ChangeReport, EndpointRates, HookRates, LiveAttempt } from '../../src/traffic.ts';

// One of each thing that the API tells of, with something in every field.

export const AT = '2026-11-22T01:02:03.456Z';

export const TALLY: Tally = { count: 3, endpoints: { crm: 3 }, not_configured: { gone: 1 }, as_of: AT };

export const DELIVERY: StoredDelivery = {
  state: 'dead',
  id: 'some-id',
  endpoint: 'crm',
  hook: 'profiles',
  table: 'app.profiles',
  operation: 'update',
  bytes: 12,
  attempts: 12,
  failure: 'status',
  status: 503,
  message: 'status 503',
  committed_at: AT,
  parked_at: AT,
  died_at: AT,
  delivered_at: null,
  duration_ms: null,
  next_at: null,
};

export const DETAIL: StoredDetail = { ...DELIVERY, method: null, path: '/hooks', content_type: 'application/json', headers: [['x-a', 'b']], body: '{"a":1}', response: 'no', commit_lsn: '0/16F3B28' };

export const ATTEMPT: AttemptReport = { endpoint: 'crm', attempt: 1, at: AT, duration_ms: 12.5, result: 'parked', failure: 'timeout', status: null, message: 'no answer in 10 s', response: null };
export const LIVE_ATTEMPT: LiveAttempt = { ...ATTEMPT, id: 'some-id', hook: 'profiles', table: 'app.profiles', operation: 'update', committed_at: AT };

export const CHANGE: ChangeReport = {
  place: '16f3b28-0-4711',
  at: AT,
  commit_lsn: '0/16F3B28',
  xid: 771,
  table: 'app.profiles',
  operation: 'update',
  key: { id: '7' },
  changed: ['email'],
  deliveries: [{ id: 'some-id', hook: 'profiles', endpoint: 'crm' }],
};

const RATES: EndpointRates = { name: 'crm', per_minute: 1.5, p50_ms: 3, p95_ms: 9, behind_p95_ms: null, minutes: [{ delivered: 1, failed: 0 }], attempts: { delivered: 1, failed: 2 } };
const HOOK_RATES: HookRates = { name: 'profiles', events: 9, matched: 8, deliveries: 8, delivered: 7, dead: 1 };

export const ROTATION: Seen.Rotation = { secret: 'whsec_c2VjcmV0', public_key: null, began_at: AT, ends_at: AT, configured: false, yaml: 'secrets: []' };

export const ENDPOINT: Seen.EndpointReport = {
  name: 'crm',
  url: 'https://crm.example.com/hooks',
  method: 'POST',
  condition: 'active',
  reason: null,
  condition_since: null,
  breaker: 'open',
  probe_in: 12_000,
  failing_for: 60_000,
  mode: 'storing',
  slowed: false,
  in_use: 1,
  concurrency: 8,
  rate: null,
  queued: 2,
  parked: 3,
  dead: 4,
  oldest_parked: AT,
  delivered: 5,
  failed_attempts: 6,
  last_error: { message: 'connection refused', failure: 'refused', at: AT, hint: 'is it up?' },
  signing: 'hmac',
  rotation: { public_key: null, began_at: AT, ends_at: AT, configured: false, yaml: 'secrets: []' },
  hooks: ['profiles'],
  traffic: RATES,
};

const REQUEST: Seen.ShownRequest = { method: 'POST', url: 'https://crm.example.com/hooks', headers: [['authorization', '***']], body: '{}' };
export const EXCHANGE: Seen.Exchange = {
  endpoint: 'crm',
  verdict: 'delivered',
  message: null,
  duration_ms: 12,
  request: REQUEST,
  response: { status: 200, headers: [['server', 'x']], body: 'ok', truncated: false },
  requests: 1, public_keys: [], notes: ['signed'],
};
export const CONTEXT: Omit<Seen.DeliveryContext, 'timeline'> = { request: REQUEST, behind_it: 2 };

export const HOOK: Seen.HookReport = {
  name: 'profiles',
  table: 'app.profiles',
  to: ['crm'],
  events: ['insert'],
  changed: ['email'],
  when: 'new.active',
  entering: false,
  schedule: null,
  cooldown: 1_000,
  order_by: null,
  format: 'standard',
  encoding: 'json',
  enrich: [],
  key: ['id'],
  yaml: 'name: profiles',
  traffic: HOOK_RATES,
};

export const RENDERED: Seen.Rendered = { hook: 'profiles', table: 'app.profiles', key: { id: '7' }, operation: 'update', wanted: true, when: true, notes: [], requests: [{ endpoint: 'crm', request: REQUEST }] };
export const TRACE: Seen.Trace = { change: CHANGE, hooks: [{ hook: 'profiles', wanted: false, reasons: ['when'], when: { expression: 'new.active', value: false, error: null } }] };
export const OVERVIEW: Seen.Overview = { health: { level: 'failing', sentence: 'crm fails' }, alerts: [{ level: 'failing', message: 'crm fails', fix: null, link: '/endpoints/crm' }] };

export const SLOT: Seen.SlotReport = {
  name: 'walhook',
  state: 'streaming',
  received: '0/20',
  confirmed: '0/10',
  behind: 180,
  wal: { wal_status: 'reserved', retained_bytes: 1, safe_bytes: null, bytes_per_second: 2.5, seconds_left: null },
};
export const ENGINE: EngineReport = {
  role: 'all',
  topic: 'walhook',
  group: 'walhook',
  worker: 'host-7',
  partitions: [0],
  generation: 3,
  forwarded: 1_000,
  rebalances: 2,
  lost: 1,
  last_pause: 120,
  paused: 2_500,
  problem: null,
  fleet: {
    partitions: [
      { topic: 'walhook', partition: 0, worker: 'host-7', committed: 90, end: 100, lag: 10 },
      { topic: 'walhook', partition: 1, worker: null, committed: null, end: 5, lag: 5 },
    ],
    workers: [
      { worker: null, partitions: [1], lag: 5 },
      { worker: 'host-7', partitions: [0], lag: 10 },
      { worker: 'host-8', partitions: [], lag: 0 },
    ],
    unassigned_for: 1_500,
  },
  fleet_error: null,
  fleet_problems: ['partition 1 of topic walhook has no worker: 5 records wait there'],
};
export const DATABASE: Seen.DatabaseReport = {
  server: { version: '18.1', database: 'app', wal_level: 'logical', in_recovery: false },
  findings: [{ code: 'max_slot_wal_keep_size', severity: 'warning', message: 'no limit', fix: 'ALTER SYSTEM …', path: null, managed: false }],
  publication: { name: 'walhook', exists: true, tables: ['app.profiles'] },
  slot: SLOT,
  tables: [{ name: 'app.profiles', exists: true, key: ['id'], replica_identity: 'default', published: true, rows_estimated: 10, bytes: 8192, hooks: ['profiles'] }],
};

const PROBLEM = { line: 3, column: 5, path: 'hooks', message: 'unknown key' };
export const CONFIG: Seen.ConfigReport = { path: '/etc/walhook.yaml', loaded_at: AT, text: 'version: 1', failed: { at: AT, message: 'bad', problems: [PROBLEM] }, disk: { text: 'version: 1', differs: true, problems: [PROBLEM] } };

export const ACTION: ActionReport = {
  id: 'act_1',
  action: 'replay',
  selection: { state: 'dead', endpoint: 'crm' },
  state: 'running',
  total: 9,
  done: 3,
  message: null,
  started_at: AT,
  ended_at: null,
};
