import type { BackfillReport } from '../backfills.ts';
import type { DaemonStatus } from '../daemon-status.ts';
import type { EngineReport } from '../fleet.ts';
import type { StoredEndpoint } from './state-reader.ts';

/** What is stored of an endpoint. Null where the state database could not tell. */
export interface StoredCounts {
  readonly parked: number | null;
  readonly dead: number | null;
  /** When the change of the oldest parked delivery was committed, in ISO 8601; null if none is parked. */
  readonly oldest_parked: string | null;
  /** Since when it has been active, paused or disabled, in ISO 8601; null if it never was anything but active. */
  readonly condition_since: string | null;
}

/** What `/api/v1/status` answers. */
export interface DaemonReport extends DaemonStatus {
  readonly version: string;
  /** Process id, and seconds since it started. */
  readonly pid: number;
  readonly uptime: number;
  readonly endpoints: readonly (DaemonStatus['endpoints'][number] & StoredCounts)[];
  /** Endpoints that the configuration no longer has, but for which deliveries are stored: nothing is sent there. */
  readonly not_configured: readonly (StoredCounts & { readonly name: string })[];
  /** Those that have not ended, the latest first; null where the state database could not tell. */
  readonly backfills: readonly BackfillReport[] | null;
  readonly engine: EngineReport | null;
}

export type StoredEndpoints = ReadonlyMap<string, StoredEndpoint>;

export interface DaemonReportOptions extends Pick<DaemonReport, 'version' | 'backfills' | 'engine'> {
  /** Null: the state database could not tell. */
  readonly stored: StoredEndpoints | null;
}

export function daemonReport(status: DaemonStatus, { stored, backfills, engine, version }: DaemonReportOptions): DaemonReport {
  const gone = stored === null || status.endpoints.length === 0 ? [] : forgotten(stored, status.endpoints);
  return {
    version,
    pid: process.pid,
    uptime: Math.round(process.uptime()),
    ...status,
    endpoints: status.endpoints.map((endpoint) => ({ ...endpoint, ...storedCounts(stored, endpoint.name) })),
    backfills,
    engine,
    not_configured: gone.map((name) => ({ name, ...storedCounts(stored, name) })),
  };
}

/** Endpoints with stored deliveries that are none of these. */
export function forgotten(stored: StoredEndpoints, configured: readonly { readonly name: string }[]): string[] {
  const known = new Set(configured.map(({ name }) => name));
  return [...stored].flatMap(([name, { parked, dead }]) => (parked + dead > 0 && !known.has(name) ? [name] : []));
}

export function storedCounts(stored: StoredEndpoints | null, endpoint: string): StoredCounts {
  if (stored === null) return { parked: null, dead: null, oldest_parked: null, condition_since: null };
  const { parked = 0, dead = 0, oldestParked = null, condition = null } = stored.get(endpoint) ?? {};
  return {
    parked,
    dead,
    oldest_parked: oldestParked === null ? null : new Date(oldestParked).toISOString(),
    condition_since: condition?.since.toISOString() ?? null,
  };
}
