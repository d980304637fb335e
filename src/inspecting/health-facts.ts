import type { DaemonStatus } from '../daemon-status.ts';
import type { EngineReport } from '../fleet.ts';
import type { EndpointReport } from '../inspection.ts';

/** What health is told of. */
export interface HealthFacts {
  readonly status: Pick<DaemonStatus, 'state' | 'problems' | 'behind' | 'wal' | 'slot'>;
  /** Null without `engine`. */
  readonly engine: Pick<EngineReport, 'role' | 'fleet' | 'fleet_error' | 'fleet_problems'> | null;
  readonly endpoints: readonly EndpointReport[];
  /** Why attempts at an endpoint fail, in a few words, by its name. */
  readonly because: ReadonlyMap<string, string>;
  /** Endpoints whose rotated secret cannot be read any more. */
  readonly unreadable: ReadonlySet<string>;
  /** Endpoints that the configuration no longer has, with what is stored for them. */
  readonly forgotten: readonly { readonly name: string; readonly parked: number; readonly dead: number }[];
  /** The last reload, if it failed. */
  readonly failedReload: { readonly at: Date } | null;
  /** Deliveries that arrived over the last minute; null: it is not counted. */
  readonly perMinute: number | null;
  /** Unix milliseconds. */
  readonly now: number;
}
