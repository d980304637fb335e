import type { BackfillReport } from '../backfills.ts';
import { parseLsn } from '../lsn.ts';
import { ENGINE_METRICS } from './engine-metrics.ts';
import { notReady } from './http-health.ts';
import { counter, gauge, type Metric, one, type Sample } from './metric.ts';
import { BACKFILL_STATES, CONDITIONS, type EndpointFacts, type MetricFacts, STATES, type StoredFacts, WAL_STATES } from './metric-facts.ts';
import { TRAFFIC_METRICS } from './traffic-metrics.ts';

/*
 * The metrics of `/metrics`, made of what the daemon knows anyway when somebody asks: a delivery costs nothing more for them.
 * Names as Prometheus wants them: https://prometheus.io/docs/practices/naming/
 */

export const METRICS: readonly Metric[] = [
  gauge('walhook_ready', '1 if it streams and nothing is wrong with it, as /readyz says', (facts) => one(notReady(facts).length === 0 ? 1 : 0)),
  gauge('walhook_state', `1 for the state that it is in: ${STATES.join(', ')}`, ({ state }) => oneOf(STATES, state), ['state']),
  gauge('walhook_received_lag_seconds', 'How far reading is behind what was committed', ({ behind }) => one(seconds(behind))),
  gauge('walhook_confirmed_lag_bytes', 'WAL that was read and is not confirmed yet: not all of it is delivered or stored', (facts) => one(unconfirmed(facts))),
  gauge('walhook_wal_retained_bytes', 'WAL that the server keeps for the slot', ({ wal }) => one(wal?.retained_bytes)),
  gauge('walhook_wal_safe_bytes', 'WAL that may still be written before the slot may be lost; left out without max_slot_wal_keep_size', ({ wal }) => one(wal?.safe_bytes)),
  gauge('walhook_wal_left_seconds', 'Time until the slot may be lost, as things go; left out while they do not get worse', ({ wal }) => one(wal?.seconds_left)),
  gauge('walhook_wal_state', `1 for the wal_status of the slot: ${WAL_STATES.join(', ')}`, ({ wal }) => (wal?.wal_status == null ? [] : oneOf(WAL_STATES, wal.wal_status)), ['state']),
  gauge('walhook_in_flight_deliveries', 'Deliveries in memory', ({ in_flight }) => one(in_flight.deliveries)),
  gauge('walhook_in_flight_bytes', 'Memory that they take, as limits.memory counts it', ({ in_flight }) => one(in_flight.bytes)),

  gauge('walhook_endpoint_queued_deliveries', 'Deliveries in memory, for the endpoint', ofEndpoints(({ queued }) => queued), ['endpoint']),
  gauge('walhook_endpoint_parked_deliveries', 'Deliveries that are stored and will be sent', ofStored(({ parked }) => parked), ['endpoint']),
  gauge('walhook_endpoint_dead_deliveries', 'Deliveries that were given up, until someone replays or discards them', ofStored(({ dead }) => dead), ['endpoint']),
  gauge('walhook_endpoint_state', `1 for the condition of the endpoint: ${CONDITIONS.join(', ')}`, ({ endpoints }) => endpoints.flatMap(({ name, condition }) => oneOf(CONDITIONS, condition, { endpoint: name })), ['endpoint', 'state']),
  gauge('walhook_endpoint_breaker_open', '1 while the breaker is open', ofEndpoints(({ breaker }) => (breaker === 'open' ? 1 : 0)), ['endpoint']),
  gauge('walhook_endpoint_failing_seconds', 'For how long it has failed without a success; 0 while it does not fail', ofEndpoints(({ failing_for }) => seconds(failing_for) ?? 0), ['endpoint']),
  counter('walhook_endpoint_delivered_total', 'Deliveries that arrived', ofEndpoints(({ delivered }) => delivered), ['endpoint']),
  counter('walhook_endpoint_skipped_total', 'Deliveries that were not sent, because of the cooldown of their hook', ofEndpoints(({ skipped }) => skipped), ['endpoint']),
  counter('walhook_endpoint_failed_attempts_total', 'Attempts that failed', ofEndpoints(({ failed_attempts }) => failed_attempts), ['endpoint']),

  gauge('walhook_backfills', `Backfills that have not ended, by state: ${BACKFILL_STATES.join(', ')}`, backfillStates, ['hook', 'state']),
  gauge('walhook_backfill_rows_done', 'Rows that backfills of the hook have looked at', ofBackfills((all) => sum(all.map(({ rows_done }) => rows_done))), ['hook']),
  gauge('walhook_backfill_rows_sent', 'Rows of these that became deliveries', ofBackfills((all) => sum(all.map(({ rows_sent }) => rows_sent))), ['hook']),
  gauge('walhook_backfill_rows_estimated', 'All rows that they have to look at, by the planner, corrected as they go', ofBackfills((all) => sum(all.map(({ rows_estimated }) => rows_estimated))), ['hook']),
  gauge('walhook_backfill_rows_per_second', 'Rows a second that they look at', ofBackfills((all) => sum(all.map(({ rows_per_second }) => rows_per_second ?? 0))), ['hook']),
  gauge('walhook_backfill_left_seconds', 'Time until the last of those that run is done, as things go; left out where none runs', ofBackfills((all) => longest(all.map(({ seconds_left }) => seconds_left))), ['hook']),

  ...ENGINE_METRICS,
  ...TRAFFIC_METRICS,
];

/** A sample for each, so that a query for one of them always finds it. */
function oneOf(all: readonly string[], current: string, labels: Sample['labels'] = {}): Sample[] {
  return all.map((state) => ({ labels: { ...labels, state }, value: state === current ? 1 : 0 }));
}

function ofEndpoints(value: (endpoint: EndpointFacts) => number): Metric['samples'] {
  return ({ endpoints }) => endpoints.flatMap((endpoint) => one(value(endpoint), { endpoint: endpoint.name }));
}

function ofStored(value: (stored: StoredFacts) => number | null): Metric['samples'] {
  return ({ endpoints, not_configured }) => [...endpoints, ...not_configured].flatMap((stored) => one(value(stored), { endpoint: stored.name }));
}

function ofBackfills(value: (ofOneHook: readonly BackfillReport[]) => number | null): Metric['samples'] {
  return ({ backfills }) => [...Map.groupBy(backfills ?? [], ({ hook }) => hook)].flatMap(([hook, all]) => one(value(all), { hook }));
}

/** Zeros for hooks without any, too: what begins to be there with the first backfill cannot be alerted on before. */
function backfillStates({ backfills, hooks }: MetricFacts): Sample[] {
  if (backfills === null) return [];
  const names = new Set([...hooks, ...backfills.map(({ hook }) => hook)]);
  return [...names].flatMap((hook) =>
    BACKFILL_STATES.map((state) => ({ labels: { hook, state }, value: backfills.filter((backfill) => backfill.hook === hook && backfill.state === state).length })),
  );
}

/** Null if one of them is not known. */
function sum(values: readonly (number | null)[]): number | null {
  return values.reduce((total, value) => (total === null || value === null ? null : total + value), 0);
}

function longest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1_000;
}

function unconfirmed({ received, confirmed }: MetricFacts): number | null {
  return received === '' || confirmed === '' ? null : Math.max(0, Number(parseLsn(received) - parseLsn(confirmed)));
}
