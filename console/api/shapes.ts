import type { ActionReport } from '../../src/actions.ts';
import type { BackfillReport } from '../../src/backfills.ts';
import type { EngineReport } from '../../src/fleet.ts';
import type { DeliveryContext, EndpointReport, HookReport, Trace } from '../../src/inspection.ts';
import type { StoredDetail } from '../../src/operations.ts';

/** Envelopes of the API's answers around the shapes of src/. */
export interface Endpoints {
  readonly endpoints: readonly EndpointReport[];
}
export interface Hooks {
  readonly hooks: readonly HookReport[];
}
export interface Backfills {
  readonly backfills: readonly BackfillReport[];
}
export type Delivery = StoredDetail & DeliveryContext;
export interface Deliveries {
  readonly deliveries: readonly Delivery[];
}
export interface Traced {
  readonly trace: Trace | null;
}
export interface Actions {
  readonly actions: readonly ActionReport[];
}

export interface Engine {
  /** Null: this process does everything itself. */
  readonly engine: EngineReport | null;
}

/** What the console uses of `/status`; test/console/shapes.test.ts holds it against DaemonReport. */
export interface Status {
  readonly version: string;
  readonly uptime: number;
  readonly state: string;
  readonly not_configured: readonly { readonly name: string; readonly parked: number | null; readonly dead: number | null }[];
}
