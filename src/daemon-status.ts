import type { EndpointStatus } from './endpoint-status.ts';
import type { EngineStatus } from './engine-status.ts';
import type { WalReport } from './source/wal-health.ts';

/** What the daemon tells of itself: `/readyz`, `/api/v1/status` and `walhook status`. */
export interface DaemonStatus {
  /** Empty if all is well; else a sentence for each thing that is wrong. */
  readonly problems: readonly string[];
  /** `standby`: another daemon has the slot; this one waits until it is free. */
  readonly state: 'starting' | 'standby' | 'streaming' | 'reconnecting' | 'draining' | 'stopped';
  readonly slot: string;
  /** LSNs as text. */
  readonly received: string;
  readonly confirmed: string;
  /** How far reading is behind what was committed, in milliseconds, as far as can be told; null while there is no stream. */
  readonly behind: number | null;
  readonly in_flight: { readonly deliveries: number; readonly bytes: number };
  readonly endpoints: readonly EndpointStatus[];
  /** Its part where `engine` shares the work among processes; null: it does everything itself. */
  readonly engine: EngineStatus | null;
  /** The WAL that the server keeps for the slot; null where it is not known yet. */
  readonly wal: WalReport | null;
}
