import type { EngineReport, FleetPartition, FleetWorker } from '../fleet.ts';
import { ROLES } from '../role.ts';
import { counter, gauge, type Metric, one, type Sample } from './metric.ts';
import type { MetricFacts } from './metric-facts.ts';

/** Of the work that Kafka shares; none without `engine`. What is of the whole topic is told by the process that reads the slot alone, so that sums over a job count nothing twice. */
export const ENGINE_METRICS: readonly Metric[] = [
  gauge('walhook_engine_role', `1 for the role of the process: ${ROLES.join(', ')}`, ofEngine(({ role }) => ROLES.map((each) => ({ labels: { role: each }, value: each === role ? 1 : 0 }))), ['role']),
  gauge('walhook_engine_reads_slot', '1 in the process that reads the slot, 0 in those that only deliver, stand by or try to reach the database', ofEngine((_, facts) => one(Number(hasSlot(facts) && facts.state === 'streaming')))),
  gauge('walhook_engine_broker_ok', '1 while nothing keeps the process from the broker, 0 while something does: `walhook status` says what', ofEngine(({ problem }) => one(Number(problem === null)))),
  counter('walhook_engine_forwarded_total', 'Deliveries that the broker has taken from the process that reads the slot', ofEngine(({ role, forwarded }) => (role === 'deliver' ? [] : one(forwarded)))),
  gauge('walhook_engine_partitions', 'Partitions that the process delivers from', ofWorker(({ partitions }) => one(partitions.length))),
  gauge('walhook_engine_generation', 'How often the group has been dealt anew, by its own count; left out while the process is no member', ofWorker(({ generation }) => one(generation))),
  counter('walhook_engine_rebalances_total', 'How often the process was dealt its partitions, the first time too', ofWorker(({ rebalances }) => one(rebalances))),
  counter('walhook_engine_partitions_lost_total', 'How often it lost them without having let them go: others send again what was in flight', ofWorker(({ lost }) => one(lost))),
  counter('walhook_engine_rebalance_pause_seconds_total', 'Time that it had no partitions while they were dealt anew', ofWorker(({ paused }) => one(paused / 1_000))),
  gauge('walhook_engine_rebalance_last_pause_seconds', 'The last of such times; left out before the first', ofWorker(({ last_pause }) => one(last_pause === null ? null : last_pause / 1_000))),
  gauge('walhook_engine_lag_records', 'Records of a partition that are neither delivered nor stored yet: told by the process that reads the slot; left out while the broker cannot be asked', ofPartitions(({ lag }) => lag), ['topic', 'partition']),
  gauge('walhook_engine_workers', 'Processes in the group that delivers, those without a partition too: told by the process that reads the slot', ofFleet(({ workers }) => workers.length)),
  gauge('walhook_engine_idle_workers', 'Those of them without a partition: there are more of them than partitions, or the group is being dealt anew', ofFleet(({ workers }) => workers.filter(({ partitions }) => partitions.length === 0).length)),
  gauge('walhook_engine_partition_assigned', '1 if a worker delivers from the partition, 0 if none does: told by the process that reads the slot', ofPartitions(({ worker }) => Number(worker !== null)), ['topic', 'partition']),
];

/** What stands by, and what only delivers, has received nothing itself. */
function hasSlot({ engine, received }: MetricFacts): boolean {
  return engine?.role !== 'deliver' && received !== '';
}

function ofEngine(samples: (engine: EngineReport, facts: MetricFacts) => readonly Sample[]): Metric['samples'] {
  return (facts) => (facts.engine == null ? [] : samples(facts.engine, facts));
}

function ofWorker(samples: (engine: EngineReport) => readonly Sample[]): Metric['samples'] {
  return ofEngine((engine) => (engine.role === 'tail' ? [] : samples(engine)));
}

/** @param value of who is somebody */
function ofFleet(value: (fleet: { readonly workers: readonly FleetWorker[] }) => number): Metric['samples'] {
  return ofEngine(({ fleet }, facts) => (fleet === null || !hasSlot(facts) ? [] : one(value({ workers: fleet.workers.filter(({ worker }) => worker !== null) }))));
}

function ofPartitions(value: (partition: FleetPartition) => number): Metric['samples'] {
  return ofEngine(({ fleet }, facts) =>
    fleet === null || !hasSlot(facts) ? [] : fleet.partitions.flatMap((each) => one(value(each), { topic: each.topic, partition: String(each.partition) })),
  );
}
