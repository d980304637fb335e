import type { CheckpointStore } from './checkpoint/port.ts';
import type { Config } from './config.ts';
import type { ParkingStore } from './queue/port.ts';
import type { StoredPosition, StreamIdentity } from './position.ts';
import { reach, target } from './source/connect.ts';
import { checkpointStore, loadCheckpoint } from './store/checkpoint.ts';
import { openState } from './store/database.ts';
import { MemoryParkingStore, noCheckpoints } from './store/memory.ts';
import { migrate } from './store/migrate.ts';
import { parkingStore } from './store/parking.ts';

/** What must outlive the process. */
export interface DurableState {
  readonly parking: ParkingStore;
  /**
   * Makes this process the one that may write: what another one, which had the slot before, still tries to write fails
   * there as `fenced`. To be called once the slot is free, before anything is loaded.
   */
  takeOver(): Promise<void>;
  /** The slot's stored checkpoint, or null if there is none yet. */
  load(): Promise<StoredPosition | null>;
  checkpoints(stream: StreamIdentity): CheckpointStore;
  close(): Promise<void>;
}

/** Opens the state schema, in the source's database or in one of its own, and brings it up to date. */
export async function openDurableState(config: Config): Promise<DurableState> {
  const client = await reach(target(config.state.url ?? config.source.url));
  const state = openState({ client, schema: config.state.schema });
  await migrate(state).catch(async (error: unknown) => {
    await state.close();
    throw error;
  });
  const { slot } = config.source;
  return {
    parking: parkingStore(state),
    takeOver: () => Promise.resolve(),
    load: () => loadCheckpoint(state, slot),
    checkpoints: (stream) => checkpointStore(state, slot, stream),
    close: () => state.close(),
  };
}

/** Keeps everything in memory and leaves nothing behind. */
export function memoryState(): DurableState {
  return {
    parking: new MemoryParkingStore(),
    takeOver: () => Promise.resolve(),
    load: () => Promise.resolve(null),
    checkpoints: () => noCheckpoints,
    close: () => Promise.resolve(),
  };
}
