import type { FailureClass } from '../outcome.ts';

export interface FailedAttempt {
  readonly failure: FailureClass;
  /** HTTP status; null where there was no response. */
  readonly status: number | null;
  readonly message: string;
}

/** What a hint may name of the endpoint. */
export interface HintedEndpoint {
  readonly name: string;
  /** Host and port, without credentials. */
  readonly host: string;
  /** Milliseconds. */
  readonly timeout: number;
  /** It is a Kafka cluster. */
  readonly isKafka: boolean;
}

type Hint = (attempt: FailedAttempt, endpoint: HintedEndpoint) => string | null;

const HINTS: Readonly<Record<FailureClass, Hint>> = {
  dns: (_, { host }) => `the name is not known where walhook runs: getent hosts ${host.replace(/:\d+$/, '')}; in a container, look at its network and DNS`,
  refused: (_, { host }) => `nothing listens at ${host}: is the receiver up, and is the port right?`,
  reset: (_, { host }) => `something closes the connection at ${host}: a receiver that crashes or restarts, a proxy with a short idle timeout, or http where https is spoken`,
  tls: ({ message }, endpoint) => tlsHint(message, endpoint),
  timeout: (_, { name, host, timeout, isKafka }) => isKafka ? `are the brokers of ${host} up, and can those be reached that they name themselves (advertised.listeners)? Or let it take longer than ${timeout} ms: endpoints.${name}.timeout` : `answer 202 first and work then; or let it take longer than ${timeout} ms: endpoints.${name}.timeout`,
  blocked_address: ({ message }) => {
    const [, ranges] = /network\.allow: \[([^\]]*)\]/.exec(message) ?? [];
    return ranges === undefined ? 'network: { allow: […] } in the endpoint names the private ranges that may be sent to' : `network: { allow: [${ranges.split(', ').map((range) => JSON.stringify(range)).join(', ')}] }`;
  },
  too_large: () => 'what it answers is too large to be read: a receiver of webhooks answers with a status and little else',
  status: ({ status }, endpoint) => statusHint(status, endpoint),
  network: (_, { host }) => `the network between walhook and ${host} fails: routes, firewall, proxy`,
  request: (_, { name }) => `the request cannot be made of what endpoints.${name} and the hook say: walhook check`,
  enrich: () => 'what the hook looks up under `enrich` was not to be had: walhook check shows the query and its fault',
  cooldown: () => 'the state database could not be asked: walhook status',
  expression: () => 'an expression of the hook fails on this row: mend it in the file, reload, then replay the dead letters',
  rejected: ({ message }, { name }) => rejectedHint(message, name),
  broker: (_, { host }) => `the Kafka cluster at ${host} takes nothing: are all its brokers up, and may this user connect and write?`,
};

/** What to do about a failed attempt; null where there is nothing to say. */
export function failureHint(attempt: FailedAttempt, endpoint: HintedEndpoint): string | null {
  return HINTS[attempt.failure](attempt, endpoint);
}

/** By the code that is at the message's end: see deliver/classify.ts. */
function tlsHint(message: string, { name, host }: HintedEndpoint): string {
  const [, code = ''] = /\(([A-Z][A-Z0-9_]+)\)$/.exec(message) ?? [];
  if (code === 'CERT_HAS_EXPIRED') return `the certificate has expired: the receiver must renew it; openssl s_client -connect ${withPort(host)} </dev/null | openssl x509 -noout -dates`;
  if (code === 'CERT_NOT_YET_VALID') return 'the certificate is not valid yet: is the clock right, here and there?';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'the certificate is for another name: endpoints.' + name + '.url must use one that it is made for';
  if (/SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET)/.test(code)) return `its authority is not known here: endpoints.${name}.tls: { ca: /path/to/ca.pem }`;
  return `TLS fails: does ${host} speak https, and want a client certificate (endpoints.${name}.tls)?`;
}

/** By the code that is at the message's end: see kafka/produce-failure.ts. */
function rejectedHint(message: string, name: string): string {
  if (message.endsWith('(UNKNOWN_TOPIC_OR_PARTITION)')) return `make the topic, or let the brokers make it (auto.create.topics.enable); endpoints.${name}.topic says which`;
  if (message.endsWith('(TOPIC_AUTHORIZATION_FAILED)')) return `the user of endpoints.${name}.sasl needs the ACLs WRITE and DESCRIBE on the topic`;
  if (/\((?:MESSAGE|RECORD_LIST)_TOO_LARGE\)$/.test(message)) return 'fields can make the body smaller; else max.message.bytes of the topic';
  return `walhook deliveries --endpoint ${name} shows which records the brokers refuse`;
}

function statusHint(status: number | null, { name }: HintedEndpoint): string | null {
  if (status === null) return null;
  if (status === 401 || status === 403) return `it does not accept who asks: look at headers, oauth2 and signing.secrets of endpoints.${name}; walhook send ${name} shows an exchange`;
  if (status >= 300 && status < 400) return `redirects are not followed: endpoints.${name}.url must be the final address`;
  if (status === 404 || status === 405) return `it knows no such path or method: look at url and method of endpoints.${name}, and path of the hook`;
  if (status === 410) return 'it says that it is gone for good: take the endpoint out of the configuration, or give it another url';
  if (status === 413) return 'the body is too large for it: fields or batch can make it smaller';
  if (status === 429) return `it gets too much: endpoints.${name}: { rate: …/s } or a lower concurrency`;
  if (status === 408 || status === 504) return `it, or a gateway before it, is too slow: answer 202 first and work then`;
  if (status >= 500) return 'the receiver fails: its own log says why';
  return `it refuses what it gets: walhook deliveries --endpoint ${name} shows which, and walhook show what it answered`;
}

function withPort(host: string): string {
  return /:\d+$/.test(host) ? host : `${host}:443`;
}

const BECAUSE: Readonly<Partial<Record<FailureClass, string>>> = {
  dns: 'its name cannot be resolved',
  refused: 'connection refused',
  reset: 'connection reset',
  timeout: 'no answer in time',
  blocked_address: 'its address is not public, and not allowed',
  too_large: 'its answers are too large',
  network: 'the network fails',
  broker: 'its brokers take nothing',
};

/** A few words on why attempts fail. */
export function because({ failure, status, message }: FailedAttempt): string {
  if (failure === 'status' && status !== null) return `it answers ${status}`;
  if (failure === 'tls' && message.includes('CERT_HAS_EXPIRED')) return 'its certificate has expired';
  return BECAUSE[failure] ?? (failure === 'tls' ? 'TLS fails' : message);
}
