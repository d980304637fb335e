import { findErrorBy } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { reactionTo, safeMessage } from '../reaction.ts';

/** Whether the broker answered with this error, by its name in the protocol: `NOT_COORDINATOR`. */
export function answered(error: unknown, ...ids: readonly string[]): boolean {
  return error instanceof Error && ids.some((id) => findErrorBy(error, 'apiId', id) !== null);
}

/** What a failure is about, and whose: made part of its message. */
export interface FailureContext {
  readonly cluster: KafkaClusterConfig;
  /** What was being done, after `cannot`: `produce to topic walhook`. */
  readonly what: string;
}

interface Kind {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retry?: boolean;
  readonly exit?: (typeof EXIT)[keyof typeof EXIT];
}

/** The client library's error as one for an operator: what, where, and what to do. It names the user, never the password. */
export function kafkaFailure(error: unknown, { cluster, what }: FailureContext): WalhookError {
  if (error instanceof WalhookError) return error;
  const kind = kindOf(chain(error), cluster);
  return new WalhookError(`cannot ${what}: ${withoutPassword(kind.message, cluster)}`, {
    code: kind.code,
    cause: error,
    exit: kind.exit ?? (kind.retry === true ? EXIT.unavailable : EXIT.failure),
    reaction: kind.retry === true ? 'retry' : 'stop',
    ...(kind.hint === undefined ? {} : { hint: kind.hint }),
  });
}

/** What others have to say may have in it what they were given. */
function withoutPassword(message: string, { sasl }: KafkaClusterConfig): string {
  return sasl === null || sasl.password === '' ? message : message.replaceAll(sasl.password, '***');
}

function kindOf(errors: readonly Error[], cluster: KafkaClusterConfig): Kind {
  const brokers = cluster.brokers.join(', ');
  const ids = new Set(errors.map((error) => text(error, 'apiId')).filter((id) => id !== null));
  if (errors.some((error) => text(error, 'code') === 'PLT_KFK_AUTHENTICATION') || ids.has('SASL_AUTHENTICATION_FAILED')) return refusedUser(errors, cluster, brokers);
  for (const [id, kind] of DENIED) if (ids.has(id)) return { ...kind, exit: EXIT.notPermitted };
  if (ids.has('UNKNOWN_TOPIC_OR_PARTITION') || errors.some((error) => error.message.startsWith('Unknown topic'))) {
    return { code: 'kafka_topic', message: 'the topic is not there', hint: 'Create the topic, or give the user the right to see it (DESCRIBE)', retry: true };
  }
  const tls = tlsKind(errors, cluster, brokers);
  if (tls !== null) return tls;
  if (ids.size > 0) return { code: 'kafka_error', message: `the broker answers ${[...ids].join(', ')}`, retry: true };
  return networkKind(errors, cluster, brokers) ?? { code: 'kafka_failure', message: sentence(errors), retry: true };
}

/** Errors of the library that stand for no answer. */
const NO_ANSWER: ReadonlySet<string> = new Set(['PLT_KFK_NETWORK', 'PLT_KFK_TIMEOUT']);
/** What Node says of a name that DNS does not have, or cannot be asked for. */
const NO_NAME: ReadonlySet<string> = new Set(['ENOTFOUND', 'EAI_AGAIN']);

function networkKind(errors: readonly Error[], cluster: KafkaClusterConfig, brokers: string): Kind | null {
  const unnamed = errors.find((error) => NO_NAME.has(text(error, 'code') ?? ''));
  if (unnamed !== undefined) {
    const name = text(unnamed, 'hostname') ?? brokers;
    return { code: 'kafka_unreachable', message: `the name ${name} has no address (${text(unnamed, 'code') ?? ''})`, hint: 'Check the names in brokers, and those that the cluster advertises (advertised.listeners), with the DNS of this machine', retry: true };
  }
  if (!errors.some((error) => NO_ANSWER.has(text(error, 'code') ?? '') || text(error, 'syscall') !== null || reactionTo(error) === 'retry')) return null;
  return {
    code: 'kafka_unreachable',
    message: `no answer from ${brokers} (${sentence(errors)})`,
    hint: wantsMore(errors.at(-1), cluster) ?? 'Check that the broker runs, and that the address it advertises (advertised.listeners) can be reached from here',
    retry: true,
  };
}

/** What the innermost says. A SyntaxError may quote what could not be read. */
function sentence(errors: readonly Error[]): string {
  const root = errors.at(-1);
  if (root === undefined) return 'for no reason that is known';
  return root instanceof SyntaxError ? 'something could not be read (SyntaxError)' : safeMessage(root).replace(/\.$/, '');
}

const DENIED: readonly (readonly [id: string, kind: Kind])[] = [
  ['TOPIC_AUTHORIZATION_FAILED', { code: 'kafka_not_authorized', message: 'the user may not do that with the topic', hint: 'Grant DESCRIBE and READ (to deliver) or WRITE (to tail) on the topic: kafka-acls --add --allow-principal User:… --operation … --topic …' }],
  ['GROUP_AUTHORIZATION_FAILED', { code: 'kafka_not_authorized', message: 'the user may not use the consumer group', hint: 'Grant READ on the group: kafka-acls --add --allow-principal User:… --operation READ --group …' }],
  ['CLUSTER_AUTHORIZATION_FAILED', { code: 'kafka_not_authorized', message: 'the user may not do that with the cluster', hint: 'Grant IDEMPOTENT_WRITE (and CREATE, or create the topic beforehand) on the cluster: kafka-acls --add --allow-principal User:… --operation … --cluster' }],
  ['INCONSISTENT_GROUP_PROTOCOL', { code: 'kafka_group', message: 'others that are no walhook, or another version of it, are in the consumer group', hint: 'Use a group of its own' }],
];

/** A listener that asks for SASL or a client's TLS closes the connection of who comes without, and so does what is no broker. */
function wantsMore(root: Error | undefined, { tls, sasl }: KafkaClusterConfig): string | null {
  if (root?.message !== 'Connection closed' || sasl !== null) return null;
  return `The connection was made and closed again: the listener may want \`sasl\`${tls === null ? ', or TLS (`tls: true`)' : ''}, or it is no broker`;
}

function refusedUser(errors: readonly Error[], cluster: KafkaClusterConfig, brokers: string): Kind {
  const mechanism = errors.some((error) => text(error, 'apiId') === 'UNSUPPORTED_SASL_MECHANISM');
  const { sasl } = cluster;
  if (errors.some((error) => text(error, 'apiId') === 'ILLEGAL_SASL_STATE')) {
    return { code: 'kafka_auth', exit: EXIT.notPermitted, message: `${brokers} does not speak SASL on this port`, hint: 'Leave sasl out, or use the port of the SASL listener' };
  }
  return {
    code: 'kafka_auth',
    exit: EXIT.notPermitted,
    message: mechanism ? `${brokers} does not offer SASL ${sasl?.mechanism ?? ''}` : `${brokers} refuses the user ${sasl?.username ?? ''} (SASL ${sasl?.mechanism ?? 'none'})`,
    hint: mechanism ? 'Set sasl.mechanism to one of the broker’s sasl.enabled.mechanisms' : 'Check sasl.username, sasl.password and sasl.mechanism',
  };
}

/** Codes of Node's TLS that are about whom the broker is: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_|INVALID_CA|HOSTNAME_MISMATCH)/;

/** What is wrong with it, and what to do, where that is not that nobody trusts it. */
const CERTIFICATES: ReadonlyMap<string, readonly [what: string, hint: string]> = new Map([
  ['ERR_TLS_CERT_ALTNAME_INVALID', ['is for another name', 'Use the name in brokers, and in advertised.listeners, that the certificate has']],
  ['CERT_HAS_EXPIRED', ['has expired', 'Renew it at the brokers; check the clock of this machine']],
  ['CERT_NOT_YET_VALID', ['is not valid yet', 'Check the clock of this machine, and that of whoever made the certificate']],
]);

/** What TLS makes of an answer that is none. */
const PLAIN: ReadonlySet<string> = new Set(['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);

function tlsKind(errors: readonly Error[], cluster: KafkaClusterConfig, brokers: string): Kind | null {
  if (errors.some((error) => error.message === 'Broker requires TLS.')) {
    return { code: 'kafka_tls', message: `${brokers} speaks TLS and tls is not set`, hint: 'Set tls: true beside brokers, or use the port of the plain listener' };
  }
  if (cluster.tls === null) return null;
  const certificate = errors.find((error) => CERTIFICATE.test(text(error, 'code') ?? ''));
  if (certificate !== undefined) {
    const [what, hint] = CERTIFICATES.get(text(certificate, 'code') ?? '') ?? ['is not trusted', 'Set tls.ca to the file with the certificate of the authority that signed it'];
    return { code: 'kafka_tls', message: `the certificate of ${brokers} ${what} (${certificate.message})`, hint };
  }
  const alert = errors.map((error) => text(error, 'code') ?? '').find((code) => code.startsWith('ERR_SSL_') && code.includes('_ALERT_'));
  if (alert !== undefined) {
    return { code: 'kafka_tls', message: `${brokers} refuses the TLS handshake (${alert})`, hint: 'Set tls.cert and tls.key to a client certificate that the broker trusts (its ssl.client.auth, ssl.truststore)' };
  }
  if (errors.some((error) => error.message.startsWith('TLS handshake failed') || PLAIN.has(text(error, 'code') ?? ''))) {
    return { code: 'kafka_tls', message: `no TLS with ${brokers}: it may speak in plain text`, hint: 'Use the port of the TLS listener, or leave tls out' };
  }
  const failed = errors.map((error) => text(error, 'code') ?? '').find((code) => code.startsWith('ERR_SSL_'));
  if (failed !== undefined) return { code: 'kafka_tls', message: `the TLS handshake with ${brokers} fails (${failed})`, hint: 'Compare what both sides take: versions of TLS, ciphers, kinds of certificates' };
  return null;
}

/** The error, what it holds (`errors`) and what caused it, outermost first. */
function chain(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  return [error, ...inner.flatMap(chain), ...chain(error.cause)];
}

function text(error: Error, name: string): string | null {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : null;
}
