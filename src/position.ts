import { type Lsn, NO_LSN } from './lsn.ts';

/**
 * A place in the stream of changes. Everything at or below it has been dealt with.
 *
 * `lsn` is what may be confirmed to Postgres: the end of a transaction's commit record, or an LSN at
 * which nothing was in flight. `within` tells how far into the *next* transaction the reader also is,
 * so that a crash in the middle of a million-row transaction resends only what was in flight.
 */
export interface Position {
  readonly lsn: Lsn;
  readonly within: WithinTransaction | null;
}

/** Every change of the transaction with this commit LSN whose ordinal is at most `ordinal`. */
export interface WithinTransaction {
  readonly commitLsn: Lsn;
  readonly ordinal: number;
}

export const START: Position = { lsn: NO_LSN, within: null };

/** True if a change is at or below the position, so that it must not be handled again. */
export function covers(position: Position, commitLsn: Lsn, ordinal: number): boolean {
  if (commitLsn < position.lsn) return true;
  const within = position.within;
  return within !== null && within.commitLsn === commitLsn && ordinal <= within.ordinal;
}

/** How many changes of the transaction that commits at an LSN are at or below the position: all of them as Infinity. */
export function handledWithin(position: Position, commitLsn: Lsn): number {
  if (covers(position, commitLsn, Number.POSITIVE_INFINITY)) return Number.POSITIVE_INFINITY;
  return position.within?.commitLsn === commitLsn ? position.within.ordinal : 0;
}

/** The stream that a position belongs to: an LSN means nothing on another cluster or timeline. */
export interface StreamIdentity {
  /** pg_control_system().system_identifier, in decimal. */
  readonly systemId: string;
  readonly timeline: number;
  readonly publication: string;
  /** What the publication sends of the watched tables, as src/source/published.ts writes it. Absent: not known. */
  readonly published?: readonly string[];
}

/** A position as it was stored. */
export interface StoredPosition extends StreamIdentity {
  /** Up to here nothing was left out of the publication; what was left out since may lie before the position. Absent: not known. */
  readonly whole?: Lsn;
  readonly position: Position;
}
