import type { ChangeKind } from '../change.ts';
import type { Lsn } from '../lsn.ts';

/** A record as it was read. */
export interface TopicRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Unix milliseconds. */
  readonly timestamp: number;
}

/** A value of a row. */
export interface FieldValue {
  /** OID of its type; 0: it is null, and nobody says of which type. */
  readonly typeOid: number;
  /** As Postgres writes it; null for null; `unchanged`: it is not told. */
  readonly text: string | null | typeof UNTOLD;
  /** As it stands in the record; '' if that is not how it goes out. */
  readonly json: string;
}

/** In place of a value that the record does not have. */
export const UNTOLD = Symbol('untold');

/** By column, in the record's order. */
export type Fields = ReadonlyMap<string, FieldValue>;

/** What an event says of itself: see `Told`, by names. */
export interface ToldEvent {
  readonly isVisibilityUpdate: boolean;
  readonly isBackfill: boolean;
  readonly hidden: ReadonlySet<string>;
  readonly changed: ReadonlySet<string> | null;
}

/** A change as a record tells it. */
export interface ToldChange {
  readonly schema: string;
  readonly table: string;
  readonly kind: ChangeKind;
  readonly row: Fields | null;
  readonly old: Fields | null;
  /** True: types are the record's own. False: they are guessed from the JSON. */
  readonly isTyped: boolean;
  /** Columns of the record's key, in its order; empty: not told. */
  readonly key: readonly string[];
  readonly event: ToldEvent | null;
  /** Unix microseconds. */
  readonly committedAt: bigint;
  readonly xid: number;
  readonly lsn: Lsn | null;
}

/** Reads records of a topic. Null: the record is no change (a tombstone, say). @throws WalhookError `unreadable_record` */
export type RecordFormat = (record: TopicRecord) => ToldChange | null;
