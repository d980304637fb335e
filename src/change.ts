import type { Lsn } from './lsn.ts';

/** One column of a relation, as the Relation message describes it. */
export interface Column {
  readonly name: string;
  readonly typeOid: number;
  readonly typmod: number;
  /** Part of the replica identity, so present in the old key of an update or a delete. */
  readonly identity: boolean;
}

/** `d`efault (primary key), `n`othing, `f`ull, `i`ndex: pg_class.relreplident. */
export type ReplicaIdentity = 'd' | 'n' | 'f' | 'i';

/** A version of a table's shape. A new object each time Postgres sends a Relation message that differs. */
export interface Relation {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly replicaIdentity: ReplicaIdentity;
  readonly columns: readonly Column[];
}

/** A table as the database has it now: its rows in the WAL may be older. Empty if it is gone. */
export interface LiveTable {
  /** In the key's order. */
  readonly primaryKey: readonly string[];
  readonly columns: readonly string[];
}

/** How a value stands in a tuple: the bytes of the TupleData message. */
export const NULL = 0x6e; // 'n'
export const UNCHANGED = 0x75; // 'u': a TOASTed value that the WAL does not carry
export const TEXT = 0x74; // 't'

/**
 * A row's values as they lie in the message: bytes and offsets, no value made before somebody asks.
 * The decoder reuses its tuples: one is valid only until the handler of its change returns.
 */
export interface Tuple {
  readonly bytes: Buffer;
  /** How many columns are in it. */
  readonly count: number;
  /** NULL, UNCHANGED or TEXT, for each column. */
  readonly kind: Uint8Array;
  /** Where the text of each column starts and ends in `bytes`, in UTF-8; meaningful only where kind is TEXT. */
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/** A transaction, as its Begin message tells it. Rolled-back transactions never get here. */
export interface Transaction {
  /** Where the commit record starts: the transaction's identity, and the order of transactions. */
  readonly commitLsn: Lsn;
  readonly xid: number;
  /** Microseconds since 2000-01-01 UTC, as Postgres counts; see `commitTime`. */
  readonly committedAt: bigint;
  /** The LSN that people are told, where `commitLsn` counts something else: a topic's offsets. Absent: `commitLsn`. */
  readonly toldLsn?: Lsn;
}

/** The LSN that a body shows. */
export function shownLsn({ commitLsn, toldLsn }: Transaction): Lsn {
  return toldLsn ?? commitLsn;
}

export type ChangeKind = 'insert' | 'update' | 'delete' | 'truncate';

/** What an event that was made elsewhere says of itself, where its rows do not tell it (any more). Sets go by column: 1 or 0. */
export interface Told {
  /** True: what may be seen has changed, and not the data. */
  readonly isVisibilityUpdate: boolean;
  /** True for a row that was there before, which nobody has changed. */
  readonly isBackfill: boolean;
  /** Columns whose values were hidden before they got here; null: none. */
  readonly hidden: Uint8Array | null;
  /** Columns that an update changed; null: not told. */
  readonly changed: Uint8Array | null;
}

/**
 * One row's change within a transaction. The decoder reuses the object: valid only until its handler returns.
 */
export interface Change {
  readonly kind: ChangeKind;
  readonly relation: Relation;
  readonly transaction: Transaction;
  /** 1-based place among all changes of the transaction: the order, and how far a reader has come. */
  readonly ordinal: number;
  /**
   * 1-based place among this table's changes in the transaction: part of the event's identity, so that
   * adding a table to the publication does not renumber another table's events.
   */
  readonly tableOrdinal: number;
  /** The new row; null for a delete or a truncate. */
  readonly row: Tuple | null;
  /** The old row, or only its key, or null where the WAL has none. */
  readonly old: Tuple | null;
  /** True if `old` holds the replica identity's columns alone (the others stand as NULL, which they need not be). */
  readonly oldIsKey: boolean;
  /** Absent: the rows tell all. */
  readonly told?: Told | null;
}

/** 2000-01-01T00:00:00Z in Unix microseconds: the epoch of Postgres' timestamps. */
const POSTGRES_EPOCH = 946_684_800_000_000n;

/** Commit time in Unix milliseconds. */
export function commitTime(transaction: Transaction): number {
  return Number((transaction.committedAt + POSTGRES_EPOCH) / 1000n);
}

let stamped: Transaction | null = null;
let stamp = '';

/** Commit time in ISO 8601, UTC, with microseconds: as `to_jsonb` shows a timestamptz. Made once for a transaction, not for each of its events. */
export function commitTimestamp(transaction: Transaction): string {
  if (transaction === stamped) return stamp;
  const micros = (transaction.committedAt % 1000n).toString().padStart(3, '0');
  stamp = `${new Date(commitTime(transaction)).toISOString().slice(0, -1)}${micros}+00:00`;
  stamped = transaction;
  return stamp;
}
