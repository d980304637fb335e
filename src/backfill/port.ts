import type { BackfillOrigin, BackfillState } from '../backfills.ts';

/** The text of each column of a key, by its name. */
export type StoredKey = Readonly<Record<string, string>>;

/** How far a backfill has come: all that is told here is delivered, parked or dead. */
export interface BackfillProgress {
  /** The key of the last row that was looked at; null before the first. */
  readonly after: StoredKey | null;
  /** Rows before it that are to be looked at again. */
  readonly again: readonly StoredKey[];
  readonly rowsDone: number;
  readonly rowsSent: number;
  readonly rowsEstimated: number | null;
}

export interface NewBackfill {
  readonly id: string;
  readonly hook: string;
  /** `schema.table`. */
  readonly table: string;
  readonly where: string | null;
  readonly columns: readonly string[] | null;
  /** Rows a second. */
  readonly rate: number | null;
  readonly origin: BackfillOrigin;
  readonly rowsEstimated: number | null;
}

export interface StoredBackfill extends NewBackfill, BackfillProgress {
  readonly state: BackfillState;
  readonly reason: string | null;
  readonly requestedAt: Date;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
}

/** Durable storage of backfills. `store/` implements it on the state schema. */
export interface BackfillStore {
  /** Stores it as `waiting`. Null if one of the same hook and condition has not ended, or, for `initial`, if the hook ever had one. */
  begin(backfill: NewBackfill): Promise<StoredBackfill | null>;
  /** The latest first. `active`: those that have not ended. */
  list(query: { readonly hook?: string | undefined; readonly active?: boolean | undefined; readonly limit: number }): Promise<StoredBackfill[]>;
  find(id: string): Promise<StoredBackfill | null>;
  /** Remembers how far it has come. Nothing changes once it has ended. */
  advance(id: string, progress: BackfillProgress): Promise<void>;
  /** Gives it as it is then; null if it had ended before, or is not there. */
  turn(id: string, state: BackfillState, reason: string | null): Promise<StoredBackfill | null>;
}
