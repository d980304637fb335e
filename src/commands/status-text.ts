import { styleText } from 'node:util';
import type { BackfillReport } from '../backfills.ts';
import type { EndpointStatus } from '../endpoint-status.ts';
import { backfillLines } from './backfill-text.ts';
import type { DaemonReport, StoredCounts } from './daemon-report.ts';
import type { ConditionLine } from './endpoint-condition.ts';
import { engineText } from './engine-text.ts';
import { printableLine } from './printable.ts';
import { textTable } from './text-table.ts';
import { countOf, humanBytes, humanDuration } from './units.ts';

/** What `walhook status --json` prints. */
export interface StatusReport {
  /** Null: it does not run, and `daemon_error` says how that is known. */
  readonly daemon: DaemonReport | null;
  readonly daemon_error: string | null;
  readonly daemon_url: string | null;
  /** Null: the source is a database, whose slot is read. */
  readonly source_topics: SourceTopics | null;
  readonly slot_name: string;
  /** Null: there is none, or `slot_error` says why it cannot be seen. */
  readonly slot: SlotReport | null;
  readonly slot_error: string | null;
  /** When the daemon last stored how far it is, in ISO 8601. */
  readonly checkpoint_at: string | null;
  readonly state_error: { readonly message: string; readonly hint: string | null } | null;
  readonly endpoints: readonly EndpointLine[];
  /** Those that have not ended, the latest first; null: nobody could tell. */
  readonly backfills: readonly BackfillReport[] | null;
}

/** Kafka as the source. */
export interface SourceTopics {
  readonly topics: readonly string[];
  readonly group: string;
  /** The command that says how far they have been read. */
  readonly command: string;
}

export interface SlotReport {
  readonly active: boolean;
  /** pg_replication_slots.wal_status: `reserved`, `extended`, `unreserved` or `lost`. */
  readonly wal_status: string | null;
  readonly invalidation: string | null;
  /** WAL after what is confirmed. */
  readonly lag_bytes: number | null;
  /** Null if nobody reads the slot. */
  readonly lag_seconds: number | null;
  /** WAL that the server keeps for the slot. */
  readonly retained_bytes: number | null;
  /** WAL that may still be written before the slot is lost; null: no limit. */
  readonly safe_bytes: number | null;
}

export interface EndpointLine extends StoredCounts, ConditionLine {
  readonly name: string;
  /** False: the configuration no longer has it, but something is stored for it. */
  readonly configured: boolean;
  /** What the daemon says of it. */
  readonly live: EndpointStatus | null;
}

/** The report for people. `now` in Unix milliseconds. */
export function statusText(report: StatusReport, now: number): string {
  return `${[daemonText(report), ...engineTexts(report), report.source_topics === null ? slotText(report, now) : topicsText(report.source_topics, report), endpointsText(report, now), ...backfillsText(report, now)].join('\n\n')}\n`;
}

function daemonText({ daemon, daemon_error, daemon_url, source_topics }: StatusReport): string {
  if (daemon === null) return `${bad('walhook is not running:')} ${daemon_error ?? ''}\nWhat follows is what the database knows.`;
  const well = daemon.state === 'streaming' && daemon.problems.length === 0;
  if (daemon.state === 'standby') {
    return `walhook ${daemon.version} ${good('stands by')}: another daemon ${source_topics === null ? 'has the slot' : 'reads the topics'}; process ${daemon.pid}, ${daemon_url ?? ''}`;
  }
  const { deliveries, bytes } = daemon.in_flight;
  return [
    `walhook ${daemon.version} is ${well ? good(daemon.state) : bad(daemon.state)}, for ${humanDuration(daemon.uptime * 1000)}, process ${daemon.pid}, ${daemon_url ?? ''}`,
    ...[...daemon.problems, ...(daemon.engine?.fleet_problems ?? [])].map((problem) => `  ${bad('problem')}    ${problem}`),
    // What only delivers reads no slot.
    ...(daemon.received === '' ? [] : [`  received   ${daemon.received}`, `  confirmed  ${daemon.confirmed}`]),
    `  in flight  ${countOf(deliveries, 'delivery', 'deliveries')}, ${humanBytes(bytes)}`,
  ].join('\n');
}

/** Nothing without Kafka, or of a daemon that does not tell: one of an earlier version. */
function engineTexts({ daemon, source_topics }: StatusReport): string[] {
  const engine = daemon?.engine ?? null;
  if (engine === null || daemon === null) return [];
  if (source_topics === null) return [engineText(engine, { reads: daemon.received !== '', source: 'slot' })];
  return [engineText(engine, { reads: daemon.state !== 'standby' && engine.role !== 'deliver', source: engine.group === source_topics.group ? 'this' : 'topics' })];
}

/** Of what is read where there is no slot. */
function topicsText({ topics, group, command }: SourceTopics, { daemon }: StatusReport): string {
  const lines = [`source: ${topics.length === 1 ? 'topic' : 'topics'} ${topics.join(', ')} of Kafka, group ${group}`];
  return [...lines, ...(daemon === null ? [`  how far they are read: ${command}`] : [])].join('\n');
}

function slotText({ slot, slot_name, slot_error, checkpoint_at, daemon }: StatusReport, now: number): string {
  if (slot_error !== null) return `slot ${slot_name}: ${bad('cannot be seen:')} ${slot_error}`;
  // With a checkpoint it was there, and `setup` refuses to make it anew.
  if (slot === null) return `slot ${slot_name}: ${bad('there is none')} (${checkpoint_at === null ? 'walhook setup' : `it was there: ${RESYNC}`})`;
  const lost = slot.wal_status === 'lost' || slot.invalidation !== null;
  const health = lost ? bad(`lost${slot.invalidation === null ? '' : `: ${slot.invalidation}`} (${RESYNC})`) : `WAL ${slot.wal_status ?? 'unknown'}`;
  const room = slot.safe_bytes === null ? 'no limit is set (max_slot_wal_keep_size)' : `the slot is lost after ${humanBytes(slot.safe_bytes)} more`;
  return [
    `slot ${slot_name} is ${slot.active ? good('being read') : bad('not being read')}, ${health}`,
    `  lag        ${[size(slot.lag_bytes), ...(slot.lag_seconds === null ? [] : [humanDuration(slot.lag_seconds * 1000)])].join(', ')}`,
    `  retained   ${size(slot.retained_bytes)} of WAL; ${room}`,
    ...forecastText(daemon?.wal ?? null),
    ...(checkpoint_at === null ? [] : [`  progress   last stored ${humanDuration(Math.max(0, now - Date.parse(checkpoint_at)))} ago`]),
  ].join('\n');
}

const RESYNC = 'walhook resync says what is missing, and goes on without it when told to';

/** How fast WAL is written, and when the slot would be lost. */
function forecastText(wal: DaemonReport['wal'] | null): string[] {
  if (wal === null || wal === undefined || wal.bytes_per_second === null) return [];
  const { bytes_per_second, seconds_left } = wal;
  const left = seconds_left === null ? 'what is kept for the slot does not run out' : bad(`at this rate the slot is lost in ${humanDuration(seconds_left * 1000)}`);
  return [`  forecast   ${humanBytes(bytes_per_second)} of WAL a second; ${left}`];
}

function endpointsText({ endpoints, state_error, daemon }: StatusReport, now: number): string {
  const running = daemon !== null;
  const head = ['endpoint', 'condition', 'parked', 'dead', 'oldest parked', ...(running ? ['queued', 'delivered', 'failed', 'mode', 'breaker'] : [])];
  const rows = endpoints.map(({ name, configured, condition, parked, dead, oldest_parked, live }) => [
    name,
    configured ? (condition ?? '?') : 'not configured',
    String(parked ?? '?'),
    String(dead ?? '?'),
    oldest_parked === null ? '-' : `${humanDuration(Math.max(0, now - Date.parse(oldest_parked)))} ago`,
    ...(running ? [live?.queued, live?.delivered, live?.failed_attempts, live?.mode, live?.breaker].map((value) => String(value ?? '-')) : []),
  ]);
  return [
    ...(state_error === null ? [] : [`${bad('parked and dead cannot be counted:')} ${state_error.message}${state_error.hint === null ? '' : ` (${state_error.hint})`}`]),
    ...textTable([head, ...rows]),
    ...endpoints.flatMap((endpoint) => notes(endpoint, now)),
  ].join('\n');
}

/** What there is to say of an endpoint besides its line. */
function notes({ name, configured, condition, reason, condition_since, failing_since, probe_at, slowed, parked, dead, live }: EndpointLine, now: number): string[] {
  const ago = (time: string): string => humanDuration(Math.max(0, now - Date.parse(time)));
  const stored = [...(dead === 0 ? [] : [`walhook discard --endpoint ${name}`]), `walhook discard --parked --endpoint ${name}`].join('; ');
  const isIdle = parked === 0 && live?.queued === 0;
  const halted = condition === 'paused' || condition === 'disabled';
  return [
    ...(configured ? [] : [`${name}: the configuration no longer has it, so nothing is sent to it; put it back, or forget what is stored: ${stored}`]),
    ...(halted && configured ? [`${name} ${bad(`is ${condition}`)}${condition_since === null ? '' : ` for ${ago(condition_since)}`}: ${printableLine(reason ?? '', 300)} (walhook resume ${name})`] : []),
    ...(failing_since === null ? [] : [isIdle ? `${name} failed ${ago(failing_since)} ago, and nothing waits for it now` : `${name} has failed for ${ago(failing_since)} without a success`]),
    ...(probe_at === null || halted ? [] : [`${name}: its breaker is open, and lets a probe through ${untilProbe(Date.parse(probe_at) - now)}`]),
    ...(slowed ? [`${name} is sent less at a time, since it said that it gets too much (429, 502, 503 or 504)`] : []),
    ...(live === null || live.last_error === null ? [] : [`${failing_since === null && isIdle ? 'an earlier error' : 'last error'} of ${name}: ${printableLine(live.last_error, 300)}`]),
  ];
}

/** Nothing where there is none. */
function backfillsText({ backfills }: StatusReport, now: number): string[] {
  return backfills === null || backfills.length === 0 ? [] : [backfillLines(backfills, now).join('\n')];
}

function untilProbe(ms: number): string {
  return ms <= 0 ? 'now' : `in ${humanDuration(ms)}`;
}

function size(bytes: number | null): string {
  return bytes === null ? 'unknown' : humanBytes(bytes);
}

function good(text: string): string {
  return styleText('green', text, { stream: process.stdout });
}

function bad(text: string): string {
  return styleText(['red', 'bold'], text, { stream: process.stdout });
}
