import * as z from 'zod';
import type { Finding } from '../finding.ts';
import type * as Seen from '../inspection.ts';
import type { StoredDetail } from '../operations.ts';
import { Count, Milliseconds, mirror, When } from './openapi-mirror.ts';
import { DETAIL } from './openapi-operations.ts';
import { Attempt, Change, RatesOfEndpoint, RatesOfHook } from './openapi-traffic.ts';

const Text = z.string();
const Bytes = z.number().meta({ description: 'Bytes.' });
const Header = z.tuple([Text, Text]);

const AlertShown = mirror<Seen.Alert>()('Alert', { level: z.enum(['waiting', 'failing']), message: Text, fix: Text.nullable(), link: Text.nullable() });
export const OverviewShown = mirror<Seen.Overview>()('Overview', {
  health: z.strictObject({ level: z.enum(['ok', 'waiting', 'failing']), sentence: Text }),
  alerts: z.array(AlertShown),
});

const ROTATION = { public_key: Text.nullable(), began_at: When, ends_at: When, configured: z.boolean(), yaml: Text };
export const RotationShown = mirror<Seen.Rotation>()('Rotation', { secret: Text, ...ROTATION });

export const Endpoint = mirror<Seen.EndpointReport>()('Endpoint', {
  name: Text,
  url: Text,
  method: Text,
  condition: z.enum(['active', 'paused', 'disabled']),
  reason: Text.nullable(),
  condition_since: When.nullable(),
  breaker: z.enum(['open', 'closed']),
  probe_in: Milliseconds.nullable(),
  failing_for: Milliseconds.nullable(),
  mode: z.enum(['direct', 'storing', 'holding']),
  slowed: z.boolean(),
  in_use: Count,
  concurrency: z.number(),
  rate: z.number().nullable(),
  queued: Count,
  parked: Count.nullable(),
  dead: Count.nullable(),
  oldest_parked: When.nullable(),
  delivered: Count,
  failed_attempts: Count,
  last_error: z.strictObject({ message: Text, failure: Text.nullable(), at: When.nullable(), hint: Text.nullable() }).nullable(),
  signing: z.enum(['none', 'hmac', 'ed25519', 'both']),
  rotation: z.strictObject(ROTATION).nullable(),
  hooks: z.array(Text),
  traffic: RatesOfEndpoint.nullable(),
});

const Request = mirror<Seen.ShownRequest>()('Request', { method: Text, url: Text, headers: z.array(Header), body: Text.nullable() });
export const ExchangeShown = mirror<Seen.Exchange>()('Exchange', {
  endpoint: Text,
  verdict: z.enum(['delivered', 'retry', 'dead', 'disable']),
  message: Text.nullable(),
  duration_ms: Milliseconds,
  requests: z.int(),
  request: Request.nullable(),
  response: z.strictObject({ status: z.int(), headers: z.array(Header), body: Text, truncated: z.boolean() }).nullable(),
  public_keys: z.array(Text),
  notes: z.array(Text),
});

export const Hook = mirror<Seen.HookReport>()('Hook', {
  name: Text,
  table: Text,
  to: z.array(Text),
  events: z.array(Text),
  changed: z.array(Text).nullable(),
  when: Text.nullable(),
  entering: z.boolean(),
  schedule: Text.nullable(),
  cooldown: Milliseconds.nullable(),
  order_by: z.array(Text).nullable(),
  format: Text,
  encoding: Text,
  enrich: z.array(Text),
  key: z.array(Text),
  yaml: Text,
  traffic: RatesOfHook.nullable(),
});

export const RenderedShown = mirror<Seen.Rendered>()('Rendered', {
  hook: Text,
  table: Text,
  key: z.record(Text, Text.nullable()).nullable(),
  operation: Text,
  wanted: z.boolean(),
  when: z.boolean().nullable(),
  notes: z.array(Text),
  requests: z.array(z.strictObject({ endpoint: Text, request: Request })),
});

const Traced = mirror<Seen.TracedHook>()('TracedHook', {
  hook: Text,
  wanted: z.boolean(),
  reasons: z.array(Text),
  when: z.strictObject({ expression: Text, value: z.boolean().nullable(), error: Text.nullable() }).nullable(),
});
export const TraceShown = mirror<Seen.Trace>()('Trace', { change: Change, hooks: z.array(Traced) });

export const DeliveryShown = mirror<StoredDetail & Seen.DeliveryContext>()('DeliveryDetail', {
  ...DETAIL,
  timeline: z.array(Attempt),
  request: Request.nullable(),
  behind_it: Count.nullable(),
});

export const Slot = mirror<Seen.SlotReport>()('Slot', {
  name: Text,
  state: z.enum(['starting', 'standby', 'streaming', 'reconnecting', 'draining', 'stopped']),
  received: Text,
  confirmed: Text,
  behind: Milliseconds.nullable(),
  wal: z
    .strictObject({ wal_status: Text.nullable(), retained_bytes: Bytes.nullable(), safe_bytes: Bytes.nullable(), bytes_per_second: z.number().nullable(), seconds_left: z.number().nullable() })
    .nullable(),
});

const Table = mirror<Seen.TableReport>()('Table', {
  name: Text,
  exists: z.boolean(),
  key: z.array(Text),
  replica_identity: z.enum(['default', 'full', 'index', 'nothing']).nullable(),
  published: z.boolean(),
  rows_estimated: z.number().nullable(),
  bytes: Bytes.nullable(),
  hooks: z.array(Text),
});

const FindingShown = mirror<Finding>()('Finding', {
  code: Text,
  severity: z.enum(['error', 'warning', 'info']),
  message: Text,
  fix: Text.nullable(),
  path: Text.nullable(),
  managed: z.boolean(),
});

export const Database = mirror<Seen.DatabaseReport>()('Database', {
  server: z.strictObject({ version: Text, database: Text, wal_level: Text, in_recovery: z.boolean() }),
  findings: z.array(FindingShown),
  publication: z.strictObject({ name: Text, exists: z.boolean(), tables: z.array(Text) }),
  slot: Slot,
  tables: z.array(Table),
});

const Problem = mirror<Seen.DraftProblem>()('PlacedProblem', { line: z.int(), column: z.int(), path: Text, message: Text });
export const Configuration = mirror<Seen.ConfigReport>()('Configuration', {
  path: Text,
  loaded_at: When,
  text: Text,
  failed: z.strictObject({ at: When, message: Text, problems: z.array(Problem) }).nullable(),
  disk: z.strictObject({ text: Text, differs: z.boolean(), problems: z.array(Problem) }).nullable(),
});
