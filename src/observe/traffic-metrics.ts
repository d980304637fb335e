import { counter, gauge, histogram, type Metric, one, type Sample } from './metric.ts';
import type { EndpointTraffic, TrafficFacts } from './metric-facts.ts';

const OPERATIONS = ['insert', 'update', 'delete', 'truncate'] as const;
/** From a millisecond to half a minute, and to more than an hour: powers of two, which the counts are kept by. */
const DURATIONS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768];
const LATENCIES = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304];

/** Of what goes by, of the configuration's changes, and of the process. */
export const TRAFFIC_METRICS: readonly Metric[] = [
  counter('walhook_changes_total', 'Changes of watched tables that were read, whether a hook takes them or not', changes, ['table', 'operation']),
  counter('walhook_hook_events_total', 'Events of the table of the hook, of the kinds that it takes', ofHooks(({ events }) => events), ['hook']),
  counter('walhook_hook_matched_total', 'Events of these that its conditions want', ofHooks(({ matched }) => matched), ['hook']),
  counter('walhook_hook_deliveries_total', 'Deliveries that were made of them as they were read: one for each endpoint', ofHooks(({ deliveries }) => deliveries), ['hook']),
  counter('walhook_hook_delivered_total', 'Deliveries of the hook that arrived, those of backfills, schedules and replays too', ofHooks(({ delivered }) => delivered), ['hook']),
  counter('walhook_hook_dead_total', 'Deliveries of the hook that were given up', ofHooks(({ dead }) => dead), ['hook']),
  counter('walhook_attempts_total', 'Attempts by what they came to: `delivered`, the class of the failure, or that of the status', outcomes, ['endpoint', 'outcome']),
  histogram('walhook_attempt_duration_seconds', 'How long attempts took, failed ones too', { of: ofEndpoints(({ duration }) => duration), bounds: DURATIONS }),
  histogram('walhook_delivery_latency_seconds', 'From commit to delivered', { of: ofEndpoints(({ behind }) => behind), bounds: LATENCIES }),
  counter('walhook_history_passed_over_total', 'Attempts that were counted and not kept to be looked at, since there were too many in a moment', ({ traffic }) => one(traffic?.passedOver)),
  counter('walhook_history_lost_total', 'Attempts that the state database did not take in time for the history', ({ traffic }) => one(traffic?.lost)),

  counter('walhook_reloads_total', 'Changes of the configuration while it runs: `applied`, `refused`', ({ reload }) => [...one(reload?.applied, { result: 'applied' }), ...one(reload?.refused, { result: 'refused' })], ['result']),
  gauge('walhook_reload_last_ok', '1 if the last change was applied, 0 if it was refused; left out before the first', ({ reload }) => one(reload?.isLastApplied == null ? null : Number(reload.isLastApplied))),
  gauge('walhook_reload_last_applied_timestamp_seconds', 'When a change was applied last, in Unix time; left out before the first', ({ reload }) => one(reload?.appliedAt == null ? null : reload.appliedAt / 1_000)),

  gauge('process_resident_memory_bytes', 'Memory of the process', ({ process }) => one(process?.rss)),
  gauge('process_start_time_seconds', 'When it began, in Unix time', ({ process }) => one(process?.startedAt)),
  counter('process_cpu_seconds_total', 'CPU that it has used, user and system', ({ process }) => one(process?.cpu)),
  gauge('nodejs_heap_size_used_bytes', 'Memory of its JavaScript objects', ({ process }) => one(process?.heapUsed)),
  counter('walhook_event_loop_active_seconds_total', 'Time that its one thread was busy: its rate is 1 when there is no more to be had', ({ process }) => one(process?.active)),
];

function changes({ traffic }: { readonly traffic?: TrafficFacts }): Sample[] {
  return (traffic?.tables ?? []).flatMap((table) => OPERATIONS.flatMap((operation) => one(table[operation], { table: table.name, operation })));
}

function outcomes({ traffic }: { readonly traffic?: TrafficFacts }): Sample[] {
  return (traffic?.endpoints ?? []).flatMap(({ name, outcomes: counts }) => Object.entries(counts).flatMap(([outcome, count]) => one(count, { endpoint: name, outcome })));
}

function ofHooks(value: (hook: TrafficFacts['hooks'][number]) => number): Metric['samples'] {
  return ({ traffic }) => (traffic?.hooks ?? []).flatMap((hook) => one(value(hook), { hook: hook.name }));
}

function ofEndpoints(times: (endpoint: EndpointTraffic) => EndpointTraffic['duration']): Parameters<typeof histogram>[2]['of'] {
  return ({ traffic }) => (traffic?.endpoints ?? []).map((endpoint) => ({ endpoint: endpoint.name, times: times(endpoint) }));
}
