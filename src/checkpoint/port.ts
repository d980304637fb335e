/** Durable storage of how far has been read: of a slot's position, which `store/` has in the state schema, or of offsets, which the broker has. */
export interface CheckpointStore<P> {
  /** Resolves once it is durable. */
  save(position: P): Promise<void>;
}
