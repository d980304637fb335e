import type { ClientConfig } from 'pg';
import type { BackfillStore } from './backfill/port.ts';
import type { CheckpointStore } from './checkpoint/port.ts';
import type { Config } from './config.ts';
import type { Lsn } from './lsn.ts';
import type { EnginePlaceStore } from './engine-place.ts';
import type { WalhookError } from './errors.ts';
import type { AttemptStore, Delivered } from './kept-attempts.ts';
import type { ClaimStore, HeldStore, ParkingStore } from './queue/port.ts';
import type { Position, StoredPosition, StreamIdentity } from './position.ts';
import type { RotationStore } from './rotations.ts';
import { reach, target } from './source/connect.ts';
import { backfillStore } from './store/backfills.ts';
import { checkpointStore, loadCheckpoint } from './store/checkpoint.ts';
import { claimStore } from './store/claims.ts';
import { openState, type StateDatabase } from './store/database.ts';
import { heldStore } from './store/held.ts';
import { enginePlaceStore } from './store/engine-place.ts';
import { type EndpointMarks, endpointMarks } from './store/endpoint-marks.ts';
import { cipherOf } from './store/key-file.ts';
import { useKeys } from './store/key-use.ts';
import { historyStore } from './store/history.ts';
import { MemoryParkingStore, noBackfills, noCheckpoints, noClaims, noDeliveries, noEngine, noHeld, noHistory, noResync, noRotations } from './store/memory.ts';
import { migrate } from './store/migrate.ts';
import { Ownership } from './store/owner.ts';
import { parkingStore } from './store/parking.ts';
import { type Resync, resyncOf } from './store/resync.ts';
import { rotationStore } from './store/rotations.ts';
import { storedDeliveries, type StoredDeliveries } from './store/stored-deliveries.ts';

/** What must outlive the process. */
export interface DurableState {
  readonly parking: ParkingStore;
  readonly claims: ClaimStore;
  readonly held: HeldStore;
  readonly backfills: BackfillStore;
  /** What is parked and dead, for people. */
  readonly deliveries: StoredDeliveries;
  readonly resync: Resync;
  /** Attempts of late, where `history` is configured. */
  readonly history: AttemptStore & Delivered;
  readonly rotations: RotationStore;
  readonly engine: EnginePlaceStore;
  /** What others that share the state may have changed: see EndpointWatch. */
  marks(): Promise<EndpointMarks>;
  /**
   * Makes this process the one that may write: what another one, which had the slot before, still tries to write fails
   * there as `fenced`. To be called once the slot is free, before anything is loaded; also by a command that writes
   * while no daemon has the slot. Until then this process can read, but what it writes is `fenced` itself.
   */
  takeOver(): Promise<void>;
  /** Resolves, with the reason, when another process has taken over and a write of this one was refused. */
  readonly fenced: Promise<WalhookError>;
  /** The slot's stored checkpoint, or null if there is none yet. */
  load(): Promise<StoredPosition | null>;
  /** `whole`: up to where the publication is known to have left nothing out; null, and by default, where that is not known. */
  checkpoints(stream: StreamIdentity, whole?: () => Lsn | null): CheckpointStore<Position>;
  close(): Promise<void>;
}

export interface OpenStateOptions {
  /** Milliseconds until a query without an answer fails; longer than the default for `resync`, which may renumber millions of rows in one statement. */
  readonly timeout?: number;
  /** The way to connect to that database, if it is known; else it is found. */
  readonly way?: ClientConfig;
}

/**
 * Opens the state schema, in the source's database or in one of its own, and brings it up to date.
 */
export async function openDurableState(config: Config, options: OpenStateOptions = {}): Promise<DurableState> {
  const state = await openStateSchema(config, options);
  const { slot } = config.source;
  const owner = new Ownership(state, slot);
  return {
    parking: parkingStore(state, owner),
    claims: claimStore(owner),
    held: heldStore(state, owner),
    backfills: backfillStore(state, owner),
    deliveries: storedDeliveries(state, owner),
    resync: resyncOf(owner),
    history: historyStore(state, owner),
    rotations: rotationStore(state, owner),
    engine: enginePlaceStore(state, owner),
    marks: () => endpointMarks(state),
    takeOver: () => owner.takeOver(),
    fenced: owner.fenced,
    load: () => loadCheckpoint(state, slot),
    checkpoints: (stream, whole = () => null) => checkpointStore(owner, stream, whole),
    close: () => state.close(),
  };
}

/** The same, as the database that its stores are made of. */
export async function openStateSchema(config: Config, { timeout, way }: OpenStateOptions = {}): Promise<StateDatabase> {
  const client = way ?? (await reach(target(config.state.url ?? config.source.url)));
  const state = openState({ client, schema: config.state.schema, cipher: cipherOf(config.state), ...(timeout === undefined ? {} : { timeout }) });
  try {
    await migrate(state);
    await useKeys(state);
  } catch (error) {
    await state.close();
    throw error;
  }
  return state;
}

/** Keeps everything in memory and leaves nothing behind. */
export function memoryState(): DurableState {
  return {
    parking: new MemoryParkingStore(),
    claims: noClaims,
    held: noHeld,
    backfills: noBackfills,
    deliveries: noDeliveries,
    resync: noResync,
    history: noHistory,
    rotations: noRotations,
    engine: noEngine,
    marks: () => Promise.resolve(new Map()),
    takeOver: () => Promise.resolve(),
    fenced: new Promise(() => undefined),
    load: () => Promise.resolve(null),
    checkpoints: () => noCheckpoints,
    close: () => Promise.resolve(),
  };
}
