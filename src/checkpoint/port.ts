import type { Position } from '../position.ts';

/** Durable storage of a slot's position. `store/` implements it on the state schema. */
export interface CheckpointStore {
  /** Resolves once Postgres has committed. */
  save(position: Position): Promise<void>;
}
