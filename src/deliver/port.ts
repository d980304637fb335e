import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { FailureClass, Verdict } from '../outcome.ts';

/*
 * What an endpoint of `type: kafka` needs of a client. `kafka/` implements it: nothing of the client is loaded where there is no
 * such endpoint.
 */

/** A record on its way to a topic. Texts are UTF-8. */
export interface TopicRecord {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** What became of one. */
export type RecordResult =
  | { readonly kind: 'written'; readonly partition: number; readonly offset: bigint | null }
  /** The brokers say so. */
  | { readonly kind: 'refused'; readonly failure: Extract<FailureClass, 'rejected' | 'broker' | 'timeout'>; readonly verdict: Exclude<Verdict, 'disable'>; readonly message: string }
  /** No answer: whether it was written is not known. The error is the socket's, where there is one. */
  | { readonly kind: 'unanswered'; readonly error: unknown };

export interface RecordProducer {
  /**
   * Writes them, each to the partition of its key, in the order given (`acks=all`, idempotent). One call at a time: what is produced
   * next cannot overtake. Never rejects.
   * @returns for each what became of it
   */
  produce(records: readonly TopicRecord[]): Promise<readonly RecordResult[]>;
  /** Closes its connections, whatever is on its way. */
  close(): void;
}

/** Where a client may connect to. */
export interface BrokerGuard {
  /** The addresses of a broker's name that are allowed, or the literal itself. Rejects if there are none. */
  readonly addresses: (hostname: string) => Promise<readonly string[]>;
  /** The same in dns.lookup's shape, for TLS, which must know the name. Is not asked about literals. */
  readonly lookup: LookupFunction;
  /** Null: in plain text. */
  readonly tls: SecureContext | null;
}
