import type { KafkaEngineConfig } from './config.ts';
import type { Role } from './role.ts';

/** A process's part in the engine. */
export interface EngineStatus {
  readonly role: Role;
  readonly topic: string;
  readonly group: string;
  /** The name by which the group knows this worker; null for a tail. */
  readonly worker: string | null;
  /** Those that it delivers from. */
  readonly partitions: readonly number[];
  /** How often the group has been dealt anew; null: it is no member, or not yet. */
  readonly generation: number | null;
  /** Deliveries that the tail has handed to the broker since it started. */
  readonly forwarded: number;
  /** How often this worker has been dealt its partitions, the first time too. */
  readonly rebalances: number;
  /** How often it has lost them without having let them go. */
  readonly lost: number;
  /** For how long it had none the last time that it was dealt anew, in milliseconds; null: that never was. */
  readonly last_pause: number | null;
  /** All such times together, in milliseconds. */
  readonly paused: number;
  /** What keeps it from the broker, in a sentence; null: nothing does. */
  readonly problem: string | null;
}

/** Of a process that does nothing yet. */
export function idleEngine({ topic, group }: Pick<KafkaEngineConfig, 'topic' | 'group'>, role: Role): EngineStatus {
  return { role, topic, group, worker: null, partitions: [], generation: null, forwarded: 0, ...NO_REBALANCES, problem: null };
}

export const NO_REBALANCES: RebalanceFacts = { rebalances: 0, lost: 0, last_pause: null, paused: 0 };

export type RebalanceFacts = Pick<EngineStatus, 'rebalances' | 'lost' | 'last_pause' | 'paused'>;
