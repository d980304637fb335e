import type { Lsn } from '../lsn.ts';
import { type BlockedLanes, MOST_BLOCKED_LANES } from './blocked-lanes.ts';
import type { ParkingStore } from './port.ts';
import type { Standing } from './standing.ts';

/** What an earlier run left of an endpoint. */
export interface Restored {
  /** More lanes wait than are remembered one by one: all has to go through the store. */
  readonly hasMany: boolean;
  /** The commit LSN of the last delivery that it parked; null if there is none. */
  readonly lastParked: Lsn | null;
}

/** Takes over what an earlier run left in the store: its lanes wait as long as they did, and the endpoint stands as it did. */
export async function restored(endpoint: string, store: ParkingStore, { blocked, standing }: { readonly blocked: BlockedLanes; readonly standing: Standing }): Promise<Restored> {
  const lanes = await store.lanes(endpoint, MOST_BLOCKED_LANES);
  const condition = await store.condition(endpoint);
  const now = performance.now();
  for (const { lane, dueIn } of lanes ?? []) blocked.wait(lane, now + dueIn);
  standing.restore(condition, now);
  return { hasMany: lanes === null, lastParked: await store.lastParked(endpoint) };
}
