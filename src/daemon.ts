import type { Logger } from 'pino';
import type { Config } from './config.ts';
import type { Delivery } from './delivery.ts';
import type { Outcome } from './outcome.ts';

export interface DaemonOptions {
  readonly config: Config;
  readonly log: Logger;
  /** walhook's own version, for the User-Agent. */
  readonly version: string;
  /** A temporary slot that Postgres drops when the connection ends: nothing is kept, nothing resumes (`listen`). */
  readonly temporary?: boolean;
  /** Told of each attempt's outcome: for `demo` and `listen`, which show them. */
  readonly onOutcome?: (delivery: Delivery, outcome: Outcome, fate: 'delivered' | 'parked' | 'dead') => void;
}

/** What the daemon tells of itself: `/readyz`, `/api/v1/status` and `walhook status`. */
export interface DaemonStatus {
  /** Empty if all is well; else a sentence for each thing that is wrong. */
  readonly problems: readonly string[];
  readonly state: 'starting' | 'streaming' | 'reconnecting' | 'draining' | 'stopped';
  readonly slot: string;
  /** LSNs as text. */
  readonly received: string;
  readonly confirmed: string;
  readonly in_flight: { readonly deliveries: number; readonly bytes: number };
  readonly endpoints: readonly EndpointStatus[];
}

export interface EndpointStatus {
  readonly name: string;
  /** Deliveries in memory. */
  readonly queued: number;
  readonly mode: 'direct' | 'storing' | 'holding';
  readonly breaker: 'open' | 'closed';
  readonly delivered: number;
  readonly failed_attempts: number;
  readonly last_error: string | null;
}

/** The daemon: wires the stages, top to bottom. */
export class Daemon {
  /** Resolves once the slot is streaming. Throws a WalhookError if it cannot. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    void options;
    return new Daemon();
  }

  /** Settles when the daemon ends: resolves after `stop`, rejects with a WalhookError if it cannot go on. */
  readonly done: Promise<void> = Promise.resolve();

  /** Drains: stops reading, finishes what is in flight, parks the rest, stores the checkpoint. May be called twice. */
  async stop(): Promise<void> {}

  status(): DaemonStatus {
    return { problems: [], state: 'stopped', slot: '', received: '', confirmed: '', in_flight: { deliveries: 0, bytes: 0 }, endpoints: [] };
  }
}
