import type { BackfillReport } from '../backfills.ts';
import type { EngineReport } from '../fleet.ts';

export const STATES = ['starting', 'standby', 'streaming', 'reconnecting', 'draining', 'stopped'] as const;
export const CONDITIONS = ['active', 'paused', 'disabled'] as const;
/** pg_replication_slots.wal_status: https://www.postgresql.org/docs/current/view-pg-replication-slots.html */
export const WAL_STATES = ['reserved', 'extended', 'unreserved', 'lost'] as const;
/** Of backfills that have not ended. */
export const BACKFILL_STATES = ['waiting', 'running', 'paused'] as const;

/** A part of what `/api/v1/status` answers, under the same names, and the hooks of the configuration. */
export interface MetricFacts {
  readonly problems: readonly string[];
  readonly state: (typeof STATES)[number];
  /** LSNs as text; empty while there is none. */
  readonly received: string;
  readonly confirmed: string;
  readonly behind: number | null;
  readonly in_flight: { readonly deliveries: number; readonly bytes: number };
  readonly wal: { readonly wal_status: string | null; readonly retained_bytes: number | null; readonly safe_bytes: number | null; readonly seconds_left: number | null } | null;
  readonly endpoints: readonly EndpointFacts[];
  readonly not_configured: readonly StoredFacts[];
  /** Null where the state database could not tell, or another daemon does. */
  readonly backfills: readonly BackfillReport[] | null;
  readonly hooks: readonly string[];
  /** The source is Kafka, and no slot. Absent: it is a slot. */
  readonly readsTopics?: boolean;
  /** Its part where Kafka shares the work; null, or absent, without `engine`. */
  readonly engine?: EngineReport | null;
  /** What is counted of what goes by. Absent: nothing is. */
  readonly traffic?: TrafficFacts;
  /** Changes of the configuration while it runs. Absent: they are not counted. */
  readonly reload?: ReloadFacts;
  readonly process?: ProcessFacts;
}

export interface TrafficFacts {
  readonly tables: readonly { readonly name: string; readonly insert: number; readonly update: number; readonly delete: number; readonly truncate: number }[];
  readonly hooks: readonly { readonly name: string; readonly events: number; readonly matched: number; readonly deliveries: number; readonly delivered: number; readonly dead: number }[];
  readonly endpoints: readonly EndpointTraffic[];
  /** Attempts that were not kept in memory, for there were too many in a moment. */
  readonly passedOver: number;
  /** Attempts that should have been kept in the state schema, and are not. */
  readonly lost: number;
}

export interface EndpointTraffic {
  readonly name: string;
  /** Attempts, by what they came to. */
  readonly outcomes: Readonly<Partial<Record<string, number>>>;
  readonly duration: Distribution;
  /** From commit to delivered. */
  readonly behind: Distribution;
}

/** Of times, in milliseconds. */
export interface Distribution {
  readonly count: number;
  readonly sum: number;
  /** How many were below a power of two, from 1 on. */
  below(ms: number): number;
}

export interface ReloadFacts {
  readonly applied: number;
  readonly refused: number;
  /** When one was applied last, in Unix milliseconds; null if none was. */
  readonly appliedAt: number | null;
  /** Whether the last one was; null if there was none. */
  readonly isLastApplied: boolean | null;
}

/** Bytes and seconds, since the process began. */
export interface ProcessFacts {
  readonly rss: number;
  readonly heapUsed: number;
  readonly cpu: number;
  /** Of its main thread's event loop, that it was not idle. */
  readonly active: number;
  /** Unix seconds. */
  readonly startedAt: number;
}

export interface StoredFacts {
  readonly name: string;
  /** Null where the state database could not tell. */
  readonly parked: number | null;
  readonly dead: number | null;
}

export interface EndpointFacts extends StoredFacts {
  readonly queued: number;
  readonly condition: (typeof CONDITIONS)[number];
  readonly breaker: 'open' | 'closed';
  readonly failing_for: number | null;
  readonly delivered: number;
  readonly skipped: number;
  readonly failed_attempts: number;
}

