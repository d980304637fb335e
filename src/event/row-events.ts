import { type Change, NULL, TEXT, type Transaction, type Tuple } from '../change.ts';
import type { Event } from '../event.ts';
import { type Lsn, NO_LSN } from '../lsn.ts';
import { EventReader } from './event-reader.ts';
import type { TablePlan } from './watched-table.ts';

/** 2000-01-01T00:00:00Z in Unix milliseconds. */
const POSTGRES_EPOCH = 946_684_800_000;

/** A transaction that nobody made, for a row as it was found. @param at Unix milliseconds */
export function foundAt(at: number, commitLsn: Lsn = NO_LSN): Transaction {
  return { commitLsn, xid: 0, committedAt: BigInt(Math.round(at) - POSTGRES_EPOCH) * 1000n };
}

/** Makes events of rows that were read from their table: each looks like an insert, and hides what the stream would hide. */
export class RowEvents {
  readonly #table: TablePlan;
  readonly #reader: EventReader;
  #event: Event | null = null;

  /** @param isBackfill what its events say of themselves */
  constructor(table: TablePlan, isBackfill = false) {
    this.#table = table;
    this.#reader = new EventReader(table, (event) => (this.#event = event), isBackfill);
  }

  /** @param values of each column of the relation, as Postgres writes it. @returns an event that is valid until the next call */
  of(values: readonly (string | null)[], transaction: Transaction): Event {
    return this.ofTuple(tupleOf(values), transaction);
  }

  /** The same for a row that is a tuple already, for as long as that is valid. */
  ofTuple(row: Tuple, transaction: Transaction): Event {
    const { relation } = this.#table;
    const change: Change = { kind: 'insert', relation, transaction, ordinal: 1, tableOrdinal: 1, row, old: null, oldIsKey: false };
    this.#reader.read(change);
    if (this.#event === null) throw new Error('an insert is an event');
    return this.#event;
  }
}

function tupleOf(values: readonly (string | null)[]): Tuple {
  const count = values.length;
  const kind = new Uint8Array(count);
  const start = new Uint32Array(count);
  const end = new Uint32Array(count);
  const pieces: Buffer[] = [];
  let at = 0;
  for (const [i, value] of values.entries()) {
    kind[i] = value === null ? NULL : TEXT;
    start[i] = at;
    if (value !== null) {
      const bytes = Buffer.from(value);
      pieces.push(bytes);
      at += bytes.length;
    }
    end[i] = at;
  }
  return { bytes: Buffer.concat(pieces, at), count, kind, start, end };
}
