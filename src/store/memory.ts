import type { BackfillStore } from '../backfill/port.ts';
import type { CheckpointStore } from '../checkpoint/port.ts';
import type { Sequence } from '../delivery.ts';
import type { AttemptStore, Delivered } from '../kept-attempts.ts';
import type { EnginePlaceStore } from '../engine-place.ts';
import { WalhookError } from '../errors.ts';
import type { Lsn } from '../lsn.ts';
import { type ClaimStore, type Condition, type HeldStore, type ParkedLane, type Parking, type ParkingStore, type Settlement, type Stored, WELL } from '../queue/port.ts';
import type { RotationStore } from '../rotations.ts';
import type { Resync } from './resync.ts';
import type { StoredDeliveries } from './stored-deliveries.ts';

/**
 * Keeps parked deliveries in memory, for `listen`: it leaves nothing behind in the database, and nothing is resumed. So
 * its LSNs are confirmed with nothing durable behind them, which a temporary slot makes harmless.
 */
export class MemoryParkingStore implements ParkingStore {
  readonly #parked = new Map<string, Parking & { readonly dueAt: number }>();

  async park(batch: readonly Parking[]): Promise<void> {
    for (const parking of batch) {
      const id = key(parking.delivery.request.endpoint, parking.delivery.id);
      if (!this.#parked.has(id)) this.#parked.set(id, { ...parking, dueAt: performance.now() + parking.dueIn });
    }
  }

  /** Dead letters are reported as they die; here nobody comes back for them. */
  async bury(): Promise<void> {}

  /** What is only listened to has no schedule. */
  async hold(): Promise<void> {}

  async settle({ endpoint, delivered, failed, dead }: Settlement): Promise<void> {
    for (const id of delivered) this.#parked.delete(key(endpoint, id));
    for (const { id } of dead) this.#parked.delete(key(endpoint, id));
    for (const { id, attempts, failure, dueIn, rendered } of failed) {
      const parking = this.#parked.get(key(endpoint, id));
      if (parking) this.#parked.set(key(endpoint, id), { delivery: { ...parking.delivery, ...rendered }, attempts, failure, dueIn, dueAt: performance.now() + dueIn });
    }
  }

  async page({ endpoint, lanes, after, limit, bytes }: Parameters<ParkingStore['page']>[0]): Promise<Stored[]> {
    let before = 0;
    return this.#of(endpoint)
      .filter(({ delivery }) => lanes === null || lanes.includes(delivery.lane))
      .filter(({ delivery }) => after === null || compare(delivery.sequence, after) > 0)
      .slice(0, limit)
      .filter(({ delivery }) => (before += delivery.bytes) - delivery.bytes < bytes)
      .map(({ delivery, attempts, dueAt }) => ({ delivery, attempts, dueIn: dueAt - performance.now() }));
  }

  async lanes(endpoint: string, limit: number): Promise<ParkedLane[] | null> {
    const heads = new Map<number, ParkedLane>();
    for (const { delivery, dueAt } of this.#of(endpoint)) {
      if (!heads.has(delivery.lane)) heads.set(delivery.lane, { lane: delivery.lane, dueIn: dueAt - performance.now() });
    }
    return heads.size > limit ? null : [...heads.values()];
  }

  async lastParked(endpoint: string): Promise<Lsn | null> {
    return this.#of(endpoint).at(-1)?.delivery.sequence.commitLsn ?? null;
  }

  /** Nothing outlives the process. */
  condition(): Promise<Condition> {
    return Promise.resolve(WELL);
  }

  async remember(): Promise<void> {}

  #of(endpoint: string): (Parking & { readonly dueAt: number })[] {
    return [...this.#parked.values()]
      .filter(({ delivery }) => delivery.request.endpoint === endpoint)
      .toSorted((a, b) => compare(a.delivery.sequence, b.delivery.sequence));
  }
}

/** Keeps nothing. */
export const noCheckpoints: CheckpointStore<unknown> = { save: () => Promise.resolve() };

/** What is only listened to has no cooldown. */
export const noClaims: ClaimStore = { claim: (batch) => Promise.resolve(batch.map(() => true)), prune: () => Promise.resolve() };

export const noHeld: HeldStore = {
  due: () => Promise.resolve([]),
  nextDueIn: () => Promise.resolve(null),
  release: () => Promise.resolve(),
  prune: () => Promise.resolve(),
  backfill: () => Promise.resolve({ dueAt: 0, dueIn: 0, after: null, isDone: true }),
  advance: () => Promise.resolve(),
};

/** What is only listened to has no rows from before. */
export const noBackfills: BackfillStore = {
  begin: () => Promise.resolve(null),
  list: () => Promise.resolve([]),
  find: () => Promise.resolve(null),
  advance: () => Promise.resolve(),
  turn: () => Promise.resolve(null),
};

/** What is parked in memory is shown to nobody. */
export const noDeliveries: StoredDeliveries = {
  list: () => Promise.resolve({ deliveries: [], next: null }),
  count: () => Promise.resolve(new Map()),
  show: () => Promise.resolve([]),
  replay: () => Promise.resolve(new Map()),
  discard: () => Promise.resolve(new Map()),
  behind: () => Promise.resolve(null),
  prune: () => Promise.resolve(new Map()),
  conditions: () => Promise.resolve([]),
};

/** What is only listened to is shown at once. */
export const noHistory: AttemptStore & Delivered = {
  save: () => Promise.resolve(),
  attempts: () => Promise.resolve([]),
  tend: () => Promise.resolve(0),
  list: () => Promise.resolve({ deliveries: [], next: null }),
  count: () => Promise.resolve(new Map()),
  show: () => Promise.resolve([]),
  replayable: () => Promise.resolve(new Map()),
  replay: () => Promise.resolve(new Map()),
};

/** What is only listened to has a secret of its own. */
export const noRotations: RotationStore = {
  list: () => Promise.resolve([]),
  save: () => Promise.reject(new WalhookError('secrets are not rotated where nothing is kept', { code: 'no_signing' })),
  remove: () => Promise.resolve(),
};

/** What is only listened to goes to no engine. */
export const noEngine: EnginePlaceStore = {
  load: () => Promise.resolve(null),
  save: () => Promise.resolve(),
  forget: () => Promise.resolve(),
};

export const noResync: Resync = {
  replaceCheckpoint: () => Promise.resolve(),
  forgetCheckpoint: () => Promise.resolve(),
  renumberParked: () => Promise.resolve(0),
};

function key(endpoint: string, id: string): string {
  return `${endpoint} ${id}`;
}

function compare(a: Sequence, b: Sequence): number {
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn ? -1 : 1;
  return a.ordinal - b.ordinal || a.nth - b.nth;
}
