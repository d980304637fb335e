import type { Lsn } from '../../src/lsn.ts';
import { begin, commit } from './pgoutput.ts';

/** A committed transaction: its changes are pgoutput messages. Relation messages may stand among them. */
export interface UpstreamTransaction {
  readonly commitLsn: Lsn;
  /** The end of its commit record, where the next record starts. */
  readonly endLsn: Lsn;
  readonly changes: readonly Buffer[];
}

/** All that a walsender sends to who asks for the stream from an LSN: whole transactions, by their commit. */
export function stream(transactions: readonly UpstreamTransaction[], from: Lsn): Buffer[] {
  return transactions
    .filter(({ commitLsn }) => commitLsn >= from)
    .flatMap(({ commitLsn, endLsn, changes }, i) => [begin({ commitLsn, xid: i + 1 }), ...changes, commit(commitLsn, endLsn)]);
}
