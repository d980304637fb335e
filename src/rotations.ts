/** A new signing secret of an endpoint, as it is stored: sealed, so that the state database alone gives nothing away. */
export interface StoredRotation {
  readonly endpoint: string;
  /** See format/sealed-secret.ts. */
  readonly sealed: Buffer;
  /** SHA-256 of the secret. */
  readonly fingerprint: Buffer;
  readonly beganAt: Date;
  /** From then on only the new secret signs. */
  readonly endsAt: Date;
}

/** Where rotations are kept. `store/` implements it. Writing throws `fenced` once another process has taken over. */
export interface RotationStore {
  list(): Promise<readonly StoredRotation[]>;
  /** Begins now, by the database's clock, in place of one that the endpoint has. @param grace milliseconds */
  save(rotation: Pick<StoredRotation, 'endpoint' | 'sealed' | 'fingerprint'> & { readonly grace: number }): Promise<StoredRotation>;
  /** This one: another that has begun in its place meanwhile stays. */
  remove(rotation: Pick<StoredRotation, 'endpoint' | 'fingerprint'>): Promise<void>;
}
