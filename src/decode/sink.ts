import type { Change, Relation, Transaction } from '../change.ts';
import type { Lsn } from '../lsn.ts';

/** What `pg_logical_emit_message` wrote. `content` is a view, valid only until the handler returns. */
export interface LogicalMessage {
  /** The transaction it belongs to; null if it was not transactional. */
  readonly transaction: Transaction | null;
  readonly ordinal: number;
  readonly lsn: Lsn;
  readonly prefix: string;
  readonly content: Buffer;
}

/** Takes what the decoder decodes, in the stream's order. */
export interface ChangeSink {
  begin(transaction: Transaction): void;
  /** A relation seen for the first time on this connection, or in a new shape. Decoding goes on once the promise resolves. */
  relation(relation: Relation): Promise<void> | void;
  change(change: Change): void;
  message(message: LogicalMessage): void;
  /** `endLsn`: the end of the commit record, where the next record starts. */
  commit(transaction: Transaction, endLsn: Lsn): void;
}
