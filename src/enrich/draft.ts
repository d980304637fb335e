import { createHash } from 'node:crypto';
import { type Change, type ChangeKind, type Column, NULL, type ReplicaIdentity, TEXT, type Tuple, UNCHANGED } from '../change.ts';
import type { ColumnSet, Event, Operation, WatchedTable } from '../event.ts';
import { formatLsn, parseLsn } from '../lsn.ts';

/*
 * A draft is an event as JSON text, so that it can wait, in the store too, until what its hook looks up has been found. It has every
 * value that the hook's expressions may see, as Postgres wrote it, and none that is hidden: of those it only says which they are.
 */

/** A value's text; null for NULL, and for what is hidden; 0 for what the WAL does not carry. */
type WrittenValue = string | null | 0;
type WrittenColumns = readonly number[] | null;

interface WrittenTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly identity: ReplicaIdentity;
  /** Name, type OID, typmod, whether it is part of the identity, whether it is a flag. */
  readonly columns: readonly (readonly [name: string, typeOid: number, typmod: number, identity: 0 | 1, flag: number])[];
  readonly key: readonly number[];
  readonly lookup: readonly number[];
  readonly redacted: string;
}

interface WrittenEvent {
  readonly operation: Operation;
  /** Absent: it is none. */
  readonly backfill?: true;
  readonly kind: ChangeKind;
  readonly lsn: string;
  /** Absent: `lsn`. */
  readonly toldLsn?: string;
  readonly xid: number;
  /** Microseconds since 2000, which a JSON number may not hold. */
  readonly time: string;
  readonly ordinal: number;
  readonly tableOrdinal: number;
  readonly row: readonly WrittenValue[] | null;
  readonly old: readonly WrittenValue[] | null;
  readonly oldIsKey: boolean;
  readonly hidden: WrittenColumns;
  readonly hiddenBefore: WrittenColumns;
  readonly changed: WrittenColumns;
}

interface Written {
  /** The same for drafts whose `table` is the same. */
  readonly shape: string;
  readonly table: WrittenTable;
  readonly event: WrittenEvent;
}

/** What drafts of one version of a table begin with: all but the event. */
function headOf(shape: string, table: string): string {
  return `{"shape":"${shape}","table":${table},"event":`;
}

/** Where `shape` stands in every draft. */
const SHAPE = { from: '{"shape":"'.length, to: '{"shape":"'.length + 16 };

/** Writes the drafts of one version of a table. */
export class DraftWriter {
  readonly #head: string;
  #serial = 0;
  #draft = '';

  constructor(table: WatchedTable) {
    const json = JSON.stringify(writtenTable(table));
    this.#head = headOf(createHash('sha256').update(json).digest('hex').slice(0, SHAPE.to - SHAPE.from), json);
  }

  /** Asked again for the same event, it is not written again. */
  write(event: Event): string {
    if (event.serial !== this.#serial) {
      this.#draft = `${this.#head}${JSON.stringify(writtenEvent(event))}}`;
      this.#serial = event.serial;
    }
    return this.#draft;
  }
}

/** An event that may be kept: unlike the reader's it stays as it is. */
export interface Draft {
  /** Tells one version of a table from another, over restarts too. */
  readonly shape: string;
  readonly event: Event;
}

/** So many versions of tables are remembered. */
const MOST_SHAPES = 200;

/** Reads drafts back. Drafts of the same version of a table share it. */
export class DraftReader {
  readonly #known = new Map<string, { readonly head: string; readonly table: WatchedTable }>();
  #serial = 0;

  /** Throws for text that is no draft. */
  read(text: string): Draft {
    const known = this.#known.get(text.slice(SHAPE.from, SHAPE.to));
    if (known !== undefined && text.startsWith(known.head)) {
      const event = JSON.parse(text.slice(known.head.length, -1)) as WrittenEvent;
      return { shape: text.slice(SHAPE.from, SHAPE.to), event: readEvent(event, known.table, ++this.#serial) };
    }
    const { shape, table: written, event } = JSON.parse(text) as Written;
    const table = readTable(written);
    if (this.#known.size === MOST_SHAPES) this.#known.clear();
    this.#known.set(shape, { head: headOf(shape, JSON.stringify(written)), table });
    return { shape, event: readEvent(event, table, ++this.#serial) };
  }
}

function writtenTable({ relation, key, lookup, flag, redacted }: WatchedTable): WrittenTable {
  const { oid, schema, table, replicaIdentity, columns } = relation;
  return {
    oid,
    schema,
    table,
    identity: replicaIdentity,
    columns: columns.map(({ name, typeOid, typmod, identity }, i) => [name, typeOid, typmod, identity ? 1 : 0, flag[i] ?? 0]),
    key,
    lookup,
    redacted,
  };
}

function readTable({ oid, schema, table, identity, columns, key, lookup, redacted }: WrittenTable): WatchedTable {
  return {
    relation: {
      oid,
      schema,
      table,
      replicaIdentity: identity,
      columns: columns.map(([name, typeOid, typmod, isIdentity]): Column => ({ name, typeOid, typmod, identity: isIdentity === 1 })),
    },
    name: `${schema}.${table}`,
    key,
    lookup,
    flag: Uint8Array.from(columns, ([, , , , flag]) => flag),
    redacted,
  };
}

function writtenEvent({ operation, isBackfill, change, row, hidden, hiddenBefore, changed }: Event): WrittenEvent {
  const { kind, transaction, ordinal, tableOrdinal, old, oldIsKey } = change;
  return {
    operation,
    ...(isBackfill ? { backfill: true } : {}),
    kind,
    lsn: formatLsn(transaction.commitLsn),
    ...(transaction.toldLsn === undefined ? {} : { toldLsn: formatLsn(transaction.toldLsn) }),
    xid: transaction.xid,
    time: String(transaction.committedAt),
    ordinal,
    tableOrdinal,
    row: change.row === null ? null : texts(change.row, (column) => isIn(hidden, column)),
    old: old === null ? null : texts(old, (column) => isIn(hidden, column) || (isIn(hiddenBefore, column) && row?.kind[column] !== UNCHANGED)),
    oldIsKey,
    hidden: indexes(hidden),
    hiddenBefore: indexes(hiddenBefore),
    changed: indexes(changed),
  };
}

function readEvent(written: WrittenEvent, table: WatchedTable, serial: number): Event {
  const { operation, backfill = false, kind, lsn, toldLsn, xid, time, ordinal, tableOrdinal, oldIsKey } = written;
  const width = table.relation.columns.length;
  const change: Change = {
    kind,
    relation: table.relation,
    transaction: { commitLsn: parseLsn(lsn), xid, committedAt: BigInt(time), ...(toldLsn === undefined ? {} : { toldLsn: parseLsn(toldLsn) }) },
    ordinal,
    tableOrdinal,
    row: tuple(written.row),
    old: tuple(written.old),
    oldIsKey,
  };
  return {
    operation,
    isBackfill: backfill,
    table,
    change,
    serial,
    row: kind === 'delete' ? change.old : change.row,
    hidden: columnSet(written.hidden, width),
    hiddenBefore: columnSet(written.hiddenBefore, width),
    changed: columnSet(written.changed, width),
  };
}

function texts({ bytes, count, kind, start, end }: Tuple, isHidden: (column: number) => boolean): WrittenValue[] {
  const values: WrittenValue[] = [];
  for (let i = 0; i < count; i++) {
    if (kind[i] === UNCHANGED) values.push(0);
    else values.push(kind[i] === TEXT && !isHidden(i) ? bytes.utf8Slice(start[i] ?? 0, end[i] ?? 0) : null);
  }
  return values;
}

function tuple(values: readonly WrittenValue[] | null): Tuple | null {
  if (values === null) return null;
  const count = values.length;
  const kind = Uint8Array.from(values, (value) => (typeof value === 'string' ? TEXT : value === null ? NULL : UNCHANGED));
  const start = new Uint32Array(count);
  const end = new Uint32Array(count);
  let at = 0;
  for (const [i, value] of values.entries()) {
    start[i] = at;
    if (typeof value === 'string') at += Buffer.byteLength(value);
    end[i] = at;
  }
  return { bytes: Buffer.from(values.filter((value) => typeof value === 'string').join('')), count, kind, start, end };
}

function isIn(columns: ColumnSet | null, column: number): boolean {
  return columns !== null && columns[column] === 1;
}

function indexes(columns: ColumnSet | null): WrittenColumns {
  return columns === null ? null : [...columns.keys()].filter((column) => columns[column] === 1);
}

function columnSet(columns: WrittenColumns, width: number): ColumnSet | null {
  if (columns === null) return null;
  const set = new Uint8Array(width);
  for (const column of columns) set[column] = 1;
  return set;
}
