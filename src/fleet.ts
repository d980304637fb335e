import type { EngineStatus } from './engine-status.ts';
import { ranges } from './ranges.ts';

/** A partition of the engine's topic, as the broker tells. Offsets count records. */
export interface FleetPartition {
  readonly topic: string;
  readonly partition: number;
  /** Who delivers from it: host and process id; null: nobody. */
  readonly worker: string | null;
  /** The record that is next: all before it are delivered or stored. Null: nothing has been committed yet. */
  readonly committed: number | null;
  readonly end: number;
  /** Records that are neither delivered nor stored yet. */
  readonly lag: number;
}

/** All that deliver, by what the broker says. */
export interface Fleet {
  readonly partitions: readonly FleetPartition[];
  /** What nobody has comes first, then by name. Who has no partitions is among them. */
  readonly workers: readonly FleetWorker[];
  /** For how many milliseconds it has been seen that a partition is nobody's; null: each has its worker. */
  readonly unassigned_for: number | null;
}

/** What `/api/v1/status` and `/api/v1/engine` tell. */
export interface EngineReport extends EngineStatus {
  /** Null: the broker could not be asked of late, and `fleet_error` says why. */
  readonly fleet: Fleet | null;
  readonly fleet_error: string | null;
  /** What is wrong with the whole of them, a sentence each. It does not make this process unready: restarting it would not help. */
  readonly fleet_problems: readonly string[];
}

export interface FleetWorker {
  /** Null: the partitions that are nobody's. */
  readonly worker: string | null;
  readonly partitions: readonly number[];
  /** Of all of them. */
  readonly lag: number;
}

/** What is dealt anew has no worker for a moment: longer than this is worth an alarm, in milliseconds. */
export const UNASSIGNED_TOO_LONG = 30_000;

/** The name by which people know a worker: the client id that it gives itself, without what all of them have. */
export function workerName(clientId: string): string {
  return clientId.replace(/^walhook-(?:tail|deliver|all)-/, '');
}

/**
 * What each has; what nobody has comes first, then by name.
 * @param names of those who are in the group: who has nothing is told too
 */
export function fleetWorkers(partitions: readonly FleetPartition[], names: readonly string[] = []): FleetWorker[] {
  const none = names.map((name): readonly [string, readonly FleetPartition[]] => [name, []]);
  return [...new Map<string | null, readonly FleetPartition[]>([...none, ...Map.groupBy(partitions, ({ worker }) => worker)])]
    .map(([worker, own]) => ({ worker, partitions: own.map(({ partition }) => partition).toSorted((a, b) => a - b), lag: own.reduce((sum, { lag }) => sum + lag, 0) }))
    .toSorted((a, b) => (a.worker ?? '').localeCompare(b.worker ?? '', 'en', { numeric: true }));
}

/** Why workers have nothing to do, in a sentence; null where none is too many. While partitions are dealt, some have none for a moment. */
export function spareWorkers({ partitions, workers }: Pick<Fleet, 'partitions' | 'workers'>): string | null {
  const many = workers.filter(({ worker }) => worker !== null).length;
  const spare = many - partitions.length;
  if (partitions.length === 0 || spare <= 0) return null;
  return `there are more workers (${many}) than partitions (${partitions.length}): ${spare} of them ${spare === 1 ? 'idles, and takes' : 'idle, and take'} over when another one goes`;
}

/** The partition that is furthest behind; null where none is. */
export function largestLag({ partitions }: Pick<Fleet, 'partitions'>): FleetPartition | null {
  return partitions.reduce<FleetPartition | null>((most, one) => (one.lag > (most?.lag ?? 0) ? one : most), null);
}

/** What is wrong with the whole of them, a sentence each; empty if nothing is, or nobody can tell. */
export function fleetProblems({ topic, fleet, fleet_error }: Pick<EngineReport, 'topic' | 'fleet' | 'fleet_error'>): string[] {
  if (fleet === null) return fleet_error === null ? [] : [`the workers cannot be asked for: ${fleet_error}`];
  const nobody = fleet.workers.find(({ worker }) => worker === null);
  if (nobody === undefined) return [];
  const { length } = nobody.partitions;
  if (length === fleet.partitions.length) return [`no worker delivers from topic ${topic}: ${records(nobody.lag)} wait${nobody.lag === 1 ? 's' : ''} there, and nothing is lost`];
  return [`${length === 1 ? 'partition' : 'partitions'} ${ranges(nobody.partitions)} of topic ${topic} ${length === 1 ? 'has' : 'have'} no worker: ${records(nobody.lag)} wait${nobody.lag === 1 ? 's' : ''} there`];
}

function records(count: number): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'record' : 'records'}`;
}
