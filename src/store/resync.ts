import type { StoredPosition } from '../position.ts';
import type { StateDatabase } from './database.ts';
import type { Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

/** What `walhook resync` does to the state of a slot. Each is `fenced` unless the slot has been taken over. */
export interface Resync {
  /** Puts the slot's checkpoint where it is told, forwards or backwards, on any cluster and timeline. The daemon's own never goes back. */
  replaceCheckpoint(position: StoredPosition): Promise<void>;
  /** The slot has no checkpoint any more: the next start begins where the slot stands. */
  forgetCheckpoint(): Promise<void>;
  /**
   * Gives all parked and dead deliveries new commit LSNs that keep their order and are below any that a server gives out
   * (0/1, 0/2, …): for a stream that begins anew on another cluster or timeline, whose LSNs cannot be compared with
   * theirs. Ids, ordinals and bodies stay. To be done before the checkpoint is replaced; may be repeated. Gives how
   * many rows it has changed.
   */
  renumberParked(): Promise<number>;
}

export function resyncOf(state: StateDatabase, owner: Ownership): Resync {
  return {
    replaceCheckpoint: (position) => guarded('replace the checkpoint', () => replaceCheckpoint(state, owner, position)),
    forgetCheckpoint: () => guarded('forget the checkpoint', () => forgetCheckpoint(state, owner)),
    renumberParked: () => guarded('renumber parked deliveries', () => renumberParked(state, owner)),
  };
}

async function replaceCheckpoint(_state: StateDatabase, _owner: Ownership, _position: StoredPosition): Promise<void> {}

async function forgetCheckpoint(_state: StateDatabase, _owner: Ownership): Promise<void> {}

async function renumberParked(_state: StateDatabase, _owner: Ownership): Promise<number> {
  return 0;
}
