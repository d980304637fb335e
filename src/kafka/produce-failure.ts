import { protocolErrors, protocolErrorsCodesById } from '@platformatic/kafka';
import type { RecordResult } from '../deliver/port.ts';

type Refused = Extract<RecordResult, { kind: 'refused' }>;

const TOO_LARGE: ReadonlySet<string> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

/** Of a code of the protocol: https://kafka.apache.org/protocol.html#protocol_error_codes */
export function errorName(code: number): string {
  return protocolErrorsCodesById[code] ?? `error ${code}`;
}

export function isTooLarge(name: string): boolean {
  return TOO_LARGE.has(name);
}

/** What brokers mean by an error, by its name: a message of names alone, for what they write beside it may hold anything. */
export function refusedBy(name: string): Refused {
  if (isTooLarge(name)) return { kind: 'refused', failure: 'rejected', verdict: 'dead', message: `the record is larger than its topic takes (${name})` };
  const [failure, message] = MEANINGS[name] ?? (isPassing(name) ? BROKER_FAILS : RECORD_REFUSED);
  return { kind: 'refused', failure, verdict: 'retry', message: `${message} (${name})` };
}

type Meaning = readonly [failure: Refused['failure'], message: string];

const BROKER_FAILS: Meaning = ['broker', 'the brokers cannot take records at the moment'];
const RECORD_REFUSED: Meaning = ['rejected', 'the brokers do not take the record'];

const MEANINGS: Readonly<Record<string, Meaning>> = {
  UNKNOWN_TOPIC_OR_PARTITION: ['rejected', 'there is no such topic, or this user may not see it'],
  INVALID_TOPIC_EXCEPTION: ['rejected', 'the brokers take no topic of this name'],
  TOPIC_AUTHORIZATION_FAILED: ['rejected', 'this user may not write to the topic'],
  CLUSTER_AUTHORIZATION_FAILED: ['broker', 'this user may not write idempotently: it needs the ACL IDEMPOTENT_WRITE on the cluster'],
  SASL_AUTHENTICATION_FAILED: ['broker', 'the brokers do not accept the user or password of `sasl`'],
  REQUEST_TIMED_OUT: ['timeout', 'the replicas did not have it in time'],
  NOT_ENOUGH_REPLICAS: ['broker', 'the partition has too few replicas in sync'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: ['broker', 'the partition has too few replicas in sync; it may have been written'],
  LEADER_NOT_AVAILABLE: ['broker', 'the partition has no leader at the moment'],
  NOT_LEADER_OR_FOLLOWER: ['broker', 'the partition has changed its leader'],
  FENCED_LEADER_EPOCH: ['broker', 'the partition has changed its leader'],
  THROTTLING_QUOTA_EXCEEDED: ['broker', 'the brokers throttle this user'],
};

function isPassing(name: string): boolean {
  return protocolErrors[name]?.canRetry === true;
}
