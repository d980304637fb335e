import type { DaemonStatus } from '../daemon.ts';
import type { EndpointCounts } from '../store/counts.ts';

/** An endpoint's deliveries that wait or gave up. Null where the state database could not tell. */
export interface StoredCounts {
  readonly parked: number | null;
  readonly dead: number | null;
  /** When the change of the oldest parked delivery was committed, in ISO 8601; null if none is parked. */
  readonly oldest_parked: string | null;
}

/** What `/api/v1/status` answers. */
export interface DaemonReport extends DaemonStatus {
  readonly version: string;
  /** Process id, and seconds since it started. */
  readonly pid: number;
  readonly uptime: number;
  readonly endpoints: readonly (DaemonStatus['endpoints'][number] & StoredCounts)[];
}

/** @param counts null: the state database could not tell. */
export function daemonReport(status: DaemonStatus, counts: ReadonlyMap<string, EndpointCounts> | null, version: string): DaemonReport {
  return {
    version,
    pid: process.pid,
    uptime: Math.round(process.uptime()),
    ...status,
    endpoints: status.endpoints.map((endpoint) => ({ ...endpoint, ...storedCounts(counts, endpoint.name) })),
  };
}

export function storedCounts(counts: ReadonlyMap<string, EndpointCounts> | null, endpoint: string): StoredCounts {
  if (counts === null) return { parked: null, dead: null, oldest_parked: null };
  const { parked = 0, dead = 0, oldestParked = null } = counts.get(endpoint) ?? {};
  return { parked, dead, oldest_parked: oldestParked === null ? null : new Date(oldestParked).toISOString() };
}
