import type { ReplicaIdentity } from '../../src/change.ts';
import type { Lsn } from '../../src/lsn.ts';

/** A TOASTed value that the WAL does not carry. */
export const UNCHANGED_TOAST = Symbol('unchanged TOAST');

/** A column's text, as Postgres' output function writes it. */
export type Value = string | null | typeof UNCHANGED_TOAST;

export interface ColumnShape {
  readonly name: string;
  /** Default: text. */
  readonly type?: number;
  readonly typmod?: number;
  /** Part of the replica identity. Default: no. */
  readonly identity?: boolean;
}

export interface TableShape {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly replicaIdentity: ReplicaIdentity;
  readonly columns: readonly ColumnShape[];
}

/** OIDs of built-in types. */
export const TYPE = { bool: 16, int8: 20, int4: 23, text: 25, json: 114, numeric: 1700, timestamptz: 1184, jsonb: 3802 } as const;

export interface Begin {
  readonly commitLsn: Lsn;
  /** Microseconds since 2000-01-01. Default: 0. */
  readonly committedAt?: bigint;
  /** Default: 1. */
  readonly xid?: number;
}

/*
 * Messages of pgoutput, protocol version 1.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */

export function begin({ commitLsn, committedAt = 0n, xid = 1 }: Begin): Buffer {
  return Buffer.concat([tag('B'), int64(commitLsn), int64(committedAt), int32(xid)]);
}

export function commit(commitLsn: Lsn, endLsn: Lsn, committedAt = 0n): Buffer {
  return Buffer.concat([tag('C'), int8(0), int64(commitLsn), int64(endLsn), int64(committedAt)]);
}

export function relation({ oid, schema, table, replicaIdentity, columns }: TableShape): Buffer {
  return Buffer.concat([
    tag('R'), int32(oid), text(schema), text(table), tag(replicaIdentity), int16(columns.length),
    ...columns.flatMap(({ name, type = TYPE.text, typmod = -1, identity = false }) => [
      int8(identity ? 1 : 0), text(name), int32(type), int32(typmod),
    ]),
  ]);
}

export function insert(oid: number, row: readonly Value[]): Buffer {
  return Buffer.concat([tag('I'), int32(oid), tag('N'), tuple(row)]);
}

/** What the WAL tells of the row before: its key alone (the other columns null), or all of it. */
export type Before = { readonly key: readonly Value[] } | { readonly old: readonly Value[] };

export function update(oid: number, row: readonly Value[], before?: Before): Buffer {
  return Buffer.concat([tag('U'), int32(oid), ...(before === undefined ? [] : [oldTuple(before)]), tag('N'), tuple(row)]);
}

/** Named for the keyword that it cannot have. */
export function deletion(oid: number, before: Before): Buffer {
  return Buffer.concat([tag('D'), int32(oid), oldTuple(before)]);
}

export function truncate(oids: readonly number[], options = 0): Buffer {
  return Buffer.concat([tag('T'), int32(oids.length), int8(options), ...oids.map(int32)]);
}

/** pg_logical_emit_message */
export function message(options: { readonly transactional: boolean; readonly lsn: Lsn; readonly prefix: string; readonly content: string }): Buffer {
  const content = Buffer.from(options.content);
  return Buffer.concat([tag('M'), int8(options.transactional ? 1 : 0), int64(options.lsn), text(options.prefix), int32(content.length), content]);
}

/** A type that is not built in. */
export function typeDescription(oid: number, schema: string, name: string): Buffer {
  return Buffer.concat([tag('Y'), int32(oid), text(schema), text(name)]);
}

export function origin(lsn: Lsn, name: string): Buffer {
  return Buffer.concat([tag('O'), int64(lsn), text(name)]);
}

function oldTuple(before: Before): Buffer {
  return 'key' in before ? Buffer.concat([tag('K'), tuple(before.key)]) : Buffer.concat([tag('O'), tuple(before.old)]);
}

function tuple(values: readonly Value[]): Buffer {
  const columns = values.flatMap((value) => {
    if (value === null) return [tag('n')];
    if (typeof value === 'symbol') return [tag('u')];
    const bytes = Buffer.from(value);
    return [tag('t'), int32(bytes.length), bytes];
  });
  return Buffer.concat([int16(values.length), ...columns]);
}

function tag(letter: string): Buffer {
  return Buffer.from(letter, 'latin1');
}

function text(value: string): Buffer {
  return Buffer.from(`${value}\0`);
}

function int8(value: number): Buffer {
  return Buffer.from([value]);
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value | 0);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(BigInt.asIntN(64, value));
  return bytes;
}
