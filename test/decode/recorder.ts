import { type Change, NULL, type Relation, TEXT, type Transaction, type Tuple } from '../../src/change.ts';
import type { ChangeSink, LogicalMessage } from '../../src/decode/sink.ts';
import type { Lsn } from '../../src/lsn.ts';
import { UNCHANGED_TOAST, type Value } from '../support/pgoutput.ts';

export interface RecordedChange {
  readonly kind: Change['kind'];
  readonly table: string;
  readonly relation: Relation;
  readonly commitLsn: Lsn;
  readonly ordinal: number;
  readonly tableOrdinal: number;
  readonly row: readonly Value[] | null;
  readonly old: readonly Value[] | null;
  readonly oldIsKey: boolean;
}

/** Keeps a copy of all that a decoder decodes: what it hands over is valid only within the call. */
export class Recorder implements ChangeSink {
  readonly transactions: Transaction[] = [];
  readonly commits: { readonly transaction: Transaction; readonly endLsn: Lsn }[] = [];
  readonly relations: Relation[] = [];
  readonly changes: RecordedChange[] = [];
  readonly messages: (Omit<LogicalMessage, 'content'> & { readonly content: string })[] = [];

  begin(transaction: Transaction): void {
    this.transactions.push(transaction);
  }

  relation(relation: Relation): void {
    this.relations.push(relation);
  }

  change(change: Change): void {
    const { kind, relation, transaction, ordinal, tableOrdinal, oldIsKey } = change;
    this.changes.push({
      kind, relation, ordinal, tableOrdinal, oldIsKey,
      table: relation.table,
      commitLsn: transaction.commitLsn,
      row: valuesOf(change.row),
      old: valuesOf(change.old),
    });
  }

  message(message: LogicalMessage): void {
    this.messages.push({ ...message, content: message.content.toString() });
  }

  commit(transaction: Transaction, endLsn: Lsn): void {
    this.commits.push({ transaction, endLsn });
  }
}

function valuesOf(tuple: Tuple | null): Value[] | null {
  if (tuple === null) return null;
  return Array.from({ length: tuple.count }, (_, i) => {
    if (tuple.kind[i] === NULL) return null;
    return tuple.kind[i] === TEXT ? tuple.bytes.toString('utf8', tuple.start[i], tuple.end[i]) : UNCHANGED_TOAST;
  });
}
