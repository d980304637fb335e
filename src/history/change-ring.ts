import type { Change, ChangeKind, Tuple } from '../change.ts';
import { TEXT } from '../change.ts';
import type { ColumnSet, WatchedTable } from '../event.ts';
import { RecordRing } from './record-ring.ts';

export const CHANGES_KEPT = 4_096;
const RING_BYTES = 4 * 1024 * 1024;
/** Values of a change, old and new, beyond which it is passed over. */
export const LARGEST_CHANGE = 16 * 1024;
/** Each of many hooks with many endpoints: of more deliveries the ids are not kept. */
const MOST_IDS = 100;

const KINDS: readonly ChangeKind[] = ['insert', 'update', 'delete', 'truncate'];
const ABSENT = -1;

/** A watched table, and what may be seen of its rows. */
export interface TracedTable {
  readonly table: WatchedTable;
  /** Hidden columns of one of the change's rows; null if there are none. */
  readonly hiddenIn: (change: Change, tuple: Tuple) => ColumnSet | null;
}

/** A delivery that was made of a change. */
export interface MadeOf {
  readonly id: string;
  readonly hook: string;
  readonly endpoint: string;
}

export interface KeptChange {
  readonly change: Change;
  readonly traced: TracedTable;
  readonly deliveries: readonly MadeOf[];
}

/** The latest changes with their tuples, in memory that is written over again and again. */
export class ChangeRing {
  readonly #ring: RecordRing;
  /** They live as long as their tables are watched, and longer: no garbage is made of them. */
  readonly #tables: (TracedTable | null)[];
  readonly #commitLsn: BigUint64Array;
  readonly #committedAt: BigInt64Array;
  readonly #xid: Uint32Array;
  readonly #ordinal: Float64Array;
  readonly #tableOrdinal: Float64Array;
  readonly #kind: Uint8Array;
  readonly #oldIsKey: Uint8Array;
  /** Columns of the new and the old row, ABSENT for none; then bytes of their texts, then of the ids. */
  readonly #lengths: Int32Array;

  constructor({ slots = CHANGES_KEPT, bytes = RING_BYTES }: { readonly slots?: number; readonly bytes?: number } = {}) {
    this.#ring = new RecordRing({ slots, bytes });
    this.#tables = Array.from({ length: slots }, () => null);
    this.#commitLsn = new BigUint64Array(slots);
    this.#committedAt = new BigInt64Array(slots);
    this.#xid = new Uint32Array(slots);
    this.#ordinal = new Float64Array(slots);
    this.#tableOrdinal = new Float64Array(slots);
    this.#kind = new Uint8Array(slots);
    this.#oldIsKey = new Uint8Array(slots);
    this.#lengths = new Int32Array(slots * LENGTHS);
  }

  get kept(): number {
    return this.#ring.slots;
  }

  get first(): number {
    return this.#ring.first;
  }

  get next(): number {
    return this.#ring.next;
  }

  /** False if it is too large to be kept. */
  keep(change: Change, traced: TracedTable, made: readonly MadeOf[]): boolean {
    const { row, old, transaction } = change;
    const values = sizeOf(row) + sizeOf(old);
    if (values > LARGEST_CHANGE) return false;
    const ids = made.slice(0, MOST_IDS).map(({ id, hook, endpoint }) => `${hook} ${endpoint} ${id}`).join('\n');
    const idBytes = Buffer.byteLength(ids);
    const length = values + idBytes;
    if (length > this.#ring.capacity) return false;
    const serial = this.#ring.add(length);
    const slot = serial % this.#ring.slots;
    const { bytes } = this.#ring;
    let to = this.#ring.startOf(serial);
    to = writeTuple(row, bytes, to);
    to = writeTuple(old, bytes, to);
    bytes.write(ids, to);
    this.#tables[slot] = traced;
    this.#commitLsn[slot] = transaction.commitLsn;
    this.#committedAt[slot] = transaction.committedAt;
    this.#xid[slot] = transaction.xid;
    this.#ordinal[slot] = change.ordinal;
    this.#tableOrdinal[slot] = change.tableOrdinal;
    this.#kind[slot] = KINDS.indexOf(change.kind);
    this.#oldIsKey[slot] = change.oldIsKey ? 1 : 0;
    const at = slot * LENGTHS;
    this.#lengths[at + COLUMNS] = row?.count ?? ABSENT;
    this.#lengths[at + OLD_COLUMNS] = old?.count ?? ABSENT;
    this.#lengths[at + SIZE] = sizeOf(row);
    this.#lengths[at + OLD_SIZE] = sizeOf(old);
    this.#lengths[at + IDS] = idBytes;
    return true;
  }

  /** A copy of the change of a serial; null if it is not there any more. */
  get(serial: number): KeptChange | null {
    if (!this.#ring.has(serial)) return null;
    const slot = serial % this.#ring.slots;
    const traced = this.#tables[slot] ?? null;
    if (traced === null) return null;
    const at = slot * LENGTHS;
    const length = (of: number): number => this.#lengths[at + of] ?? 0;
    const start = this.#ring.startOf(serial);
    const copy = Buffer.from(this.#ring.bytes.subarray(start, start + length(SIZE) + length(OLD_SIZE) + length(IDS)));
    const ids = copy.toString('utf8', length(SIZE) + length(OLD_SIZE));
    const { relation } = traced.table;
    return {
      change: {
        kind: KINDS[this.#kind[slot] ?? 0] ?? 'insert',
        relation,
        transaction: { commitLsn: this.#commitLsn[slot] ?? 0n, xid: this.#xid[slot] ?? 0, committedAt: this.#committedAt[slot] ?? 0n },
        ordinal: this.#ordinal[slot] ?? 0,
        tableOrdinal: this.#tableOrdinal[slot] ?? 0,
        row: readTuple(copy, 0, length(COLUMNS)),
        old: readTuple(copy, length(SIZE), length(OLD_COLUMNS)),
        oldIsKey: this.#oldIsKey[slot] === 1,
      },
      traced,
      deliveries: ids === '' ? [] : ids.split('\n').map(madeOf),
    };
  }

  /** Serials of changes, the latest first. */
  *find({ table, kind }: { readonly table?: string | undefined; readonly kind?: ChangeKind | undefined }): Generator<number> {
    for (let serial = this.next - 1; serial >= this.first; serial--) {
      const slot = serial % this.#ring.slots;
      if (table !== undefined && this.#tables[slot]?.table.name !== table) continue;
      if (kind !== undefined && KINDS[this.#kind[slot] ?? 0] !== kind) continue;
      yield serial;
    }
  }

  /** The serial of the change at a place among those of its table; null if none there is it. */
  findPlace({ commitLsn, tableOrdinal }: Pick<Change, 'tableOrdinal'> & { readonly commitLsn: bigint }, isIt: (serial: number, oid: number) => boolean): number | null {
    for (let serial = this.next - 1; serial >= this.first; serial--) {
      const slot = serial % this.#ring.slots;
      if (this.#commitLsn[slot] !== commitLsn || this.#tableOrdinal[slot] !== tableOrdinal) continue;
      if (isIt(serial, this.#tables[slot]?.table.relation.oid ?? 0)) return serial;
    }
    return null;
  }
}

const COLUMNS = 0;
const OLD_COLUMNS = 1;
const SIZE = 2;
const OLD_SIZE = 3;
const IDS = 4;
const LENGTHS = 5;
/** Of each column: its kind, its text's start and end. */
const PER_COLUMN = 9;

function sizeOf(tuple: Tuple | null): number {
  if (tuple === null) return 0;
  const { start, end } = textOf(tuple);
  return tuple.count * PER_COLUMN + (end - start);
}

/** Where a tuple's texts lie in its message: one behind the other. */
function textOf({ count, kind, start, end }: Tuple): { readonly start: number; readonly end: number } {
  let from = -1;
  let to = 0;
  for (let i = 0; i < count; i++) {
    if (kind[i] !== TEXT) continue;
    if (from < 0) from = start[i] ?? 0;
    to = end[i] ?? 0;
  }
  return from < 0 ? { start: 0, end: 0 } : { start: from, end: to };
}

/** Gives where it ends. */
function writeTuple(tuple: Tuple | null, into: Buffer, at: number): number {
  if (tuple === null) return at;
  const { count, kind, start, end, bytes } = tuple;
  const text = textOf(tuple);
  let to = at;
  for (let i = 0; i < count; i++) {
    const isText = kind[i] === TEXT;
    to = into.writeUInt8(kind[i] ?? 0, to);
    to = into.writeUInt32LE(isText ? (start[i] ?? 0) - text.start : 0, to);
    to = into.writeUInt32LE(isText ? (end[i] ?? 0) - text.start : 0, to);
  }
  return to + bytes.copy(into, to, text.start, text.end);
}

function readTuple(from: Buffer, at: number, count: number): Tuple | null {
  if (count === ABSENT) return null;
  const kind = new Uint8Array(count);
  const start = new Uint32Array(count);
  const end = new Uint32Array(count);
  const texts = at + count * PER_COLUMN;
  for (let i = 0; i < count; i++) {
    const place = at + i * PER_COLUMN;
    kind[i] = from.readUInt8(place);
    start[i] = texts + from.readUInt32LE(place + 1);
    end[i] = texts + from.readUInt32LE(place + 5);
  }
  return { bytes: from, count, kind, start, end };
}

function madeOf(line: string): MadeOf {
  const [hook = '', endpoint = '', ...id] = line.split(' ');
  return { hook, endpoint, id: id.join(' ') };
}
