import type { ChangeKind, Relation, Transaction, Tuple } from '../change.ts';
import { WalhookError } from '../errors.ts';
import type { Lsn } from '../lsn.ts';
import { readRelation, sameShape } from './relation.ts';
import type { ChangeSink } from './sink.ts';
import { TupleReader } from './tuple.ts';

// Message tags, and the tags of the tuples within them.
const BEGIN = 0x42;
const COMMIT = 0x43;
const ORIGIN = 0x4f;
const RELATION = 0x52;
const TYPE = 0x59;
const INSERT = 0x49;
const UPDATE = 0x55;
const DELETE = 0x44;
const TRUNCATE = 0x54;
const MESSAGE = 0x4d;
const OLD_KEY = 0x4b;
const NEW_ROW = 0x4e;

/** The one change object of a decoder, filled anew for each change. */
class CurrentChange {
  kind: ChangeKind = 'insert';
  relation: Relation;
  transaction: Transaction;
  ordinal = 0;
  tableOrdinal = 0;
  row: Tuple | null = null;
  old: Tuple | null = null;
  oldIsKey = false;

  constructor(relation: Relation, transaction: Transaction) {
    this.relation = relation;
    this.transaction = transaction;
  }
}

/** A relation and how many of its changes the current transaction has had. */
interface KnownRelation {
  relation: Relation;
  transaction: Transaction | null;
  changes: number;
}

/**
 * Decodes pgoutput messages (protocol version 1, text format) into calls of a sink. One decoder serves one
 * connection: Postgres describes each relation anew on each.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html
 */
export class PgoutputDecoder {
  readonly #sink: ChangeSink;
  readonly #relations = new Map<number, KnownRelation>();
  readonly #row = new TupleReader();
  readonly #old = new TupleReader();
  #change: CurrentChange | null = null;
  #transaction: Transaction | null = null;
  #ordinal = 0;

  constructor(sink: ChangeSink) {
    this.#sink = sink;
  }

  /** Handles one message. If it returns a promise, the next message must wait for it. */
  decode(bytes: Buffer): Promise<void> | void {
    switch (bytes[0]) {
      case INSERT:
        return this.#insert(bytes);
      case UPDATE:
        return this.#update(bytes);
      case DELETE:
        return this.#delete(bytes);
      case BEGIN:
        return this.#begin(bytes);
      case COMMIT:
        return this.#commit(bytes);
      case RELATION:
        return this.#relation(bytes);
      case TRUNCATE:
        return this.#truncate(bytes);
      case MESSAGE:
        return this.#message(bytes);
      case TYPE: // types are looked up in the catalog, by OID
      case ORIGIN:
        return;
      default:
        throw new WalhookError(`pgoutput sent a message of an unknown kind: 0x${(bytes[0] ?? 0).toString(16)}`, {
          code: 'unknown_message',
        });
    }
  }

  #begin(bytes: Buffer): void {
    this.#transaction = {
      commitLsn: bytes.readBigUInt64BE(1),
      committedAt: bytes.readBigInt64BE(9),
      xid: bytes.readUInt32BE(17),
    };
    this.#ordinal = 0;
    this.#sink.begin(this.#transaction);
  }

  #commit(bytes: Buffer): void {
    const transaction = this.#inTransaction();
    this.#transaction = null;
    this.#sink.commit(transaction, bytes.readBigUInt64BE(10));
  }

  #relation(bytes: Buffer): Promise<void> | void {
    const relation = readRelation(bytes);
    const known = this.#relations.get(relation.oid);
    if (known && sameShape(known.relation, relation)) return;
    if (known) known.relation = relation;
    else this.#relations.set(relation.oid, { relation, transaction: null, changes: 0 });
    return this.#sink.relation(relation);
  }

  #insert(bytes: Buffer): void {
    const change = this.#next('insert', bytes.readUInt32BE(1));
    this.#row.read(bytes, 6);
    change.row = this.#row;
    change.old = null;
    this.#sink.change(change);
  }

  #update(bytes: Buffer): void {
    const change = this.#next('update', bytes.readUInt32BE(1));
    let at = 5;
    change.old = null;
    if (bytes[at] !== NEW_ROW) {
      change.oldIsKey = bytes[at] === OLD_KEY;
      at = this.#old.read(bytes, at + 1);
      change.old = this.#old;
    }
    this.#row.read(bytes, at + 1);
    change.row = this.#row;
    this.#sink.change(change);
  }

  #delete(bytes: Buffer): void {
    const change = this.#next('delete', bytes.readUInt32BE(1));
    change.oldIsKey = bytes[5] === OLD_KEY;
    this.#old.read(bytes, 6);
    change.old = this.#old;
    change.row = null;
    this.#sink.change(change);
  }

  #truncate(bytes: Buffer): void {
    const count = bytes.readUInt32BE(1);
    for (let i = 0; i < count; i++) {
      const change = this.#next('truncate', bytes.readUInt32BE(6 + 4 * i));
      change.row = null;
      change.old = null;
      this.#sink.change(change);
    }
  }

  #message(bytes: Buffer): void {
    const lsn: Lsn = bytes.readBigUInt64BE(2);
    const transactional = (bytes.readUInt8(1) & 1) !== 0;
    const end = bytes.indexOf(0, 10);
    const length = bytes.readUInt32BE(end + 1);
    this.#sink.message({
      transaction: transactional ? this.#inTransaction() : null,
      // It has a place of its own in the transaction, whether anybody asks for it or not.
      ordinal: transactional ? ++this.#ordinal : 0,
      lsn,
      prefix: bytes.toString('utf8', 10, end),
      content: bytes.subarray(end + 5, end + 5 + length),
    });
  }

  #next(kind: ChangeKind, oid: number): CurrentChange {
    const transaction = this.#inTransaction();
    const known = this.#relations.get(oid);
    if (!known) {
      throw new WalhookError(`pgoutput sent a change of relation ${oid} without describing it`, { code: 'unknown_relation' });
    }
    if (known.transaction !== transaction) {
      known.transaction = transaction;
      known.changes = 0;
    }
    const change = (this.#change ??= new CurrentChange(known.relation, transaction));
    change.kind = kind;
    change.relation = known.relation;
    change.transaction = transaction;
    change.ordinal = ++this.#ordinal;
    change.tableOrdinal = ++known.changes;
    change.oldIsKey = false;
    return change;
  }

  #inTransaction(): Transaction {
    if (!this.#transaction) {
      throw new WalhookError('pgoutput sent a change outside a transaction', { code: 'no_transaction' });
    }
    return this.#transaction;
  }
}
