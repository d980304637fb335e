import { cidr, endpointUrl, tokenUrl } from './addresses.ts';
import { headerNameFault, headerValue } from './headers.ts';
import { brokers, endpointKey, endpointTopic, sasl } from './kafka-schema.ts';
import { listOf, mapOf, section, sectionOfKinds } from './kinds.ts';
import { METHODS } from './request-templates.ts';
import { choice, duration, integer, number, rate, size, textOf, textOrEmpty } from './scalars.ts';
import { clientText, scopeText, signingSecret } from './secrets.ts';
import { statusFault } from './status-rules.ts';
import { OF_HTTP, OF_KAFKA } from './target-rules.ts';
import { tls } from './tls-schema.ts';

const retry = section({
  initial: duration('1ms', '1d').prefault('5s').meta({ description: 'Wait after the first failed attempt.' }),
  factor: number({ min: 1, max: 100 }).prefault(3).meta({ description: 'Each further wait is this many times the one before.' }),
  max: duration('1ms', '30d').prefault('1h').meta({ description: 'The longest wait.' }),
  jitter: number({ min: 0, max: 1 }).prefault(0.2).meta({ description: 'Part of a wait that is left to chance: 0.2 makes it up to a fifth shorter or longer.' }),
  attempts: integer({ min: 1, max: 1000 }).prefault(12).meta({ description: 'Attempts in all, the first included. After the last one a delivery is a dead letter.' }),
});

const batch = section({
  size: integer({ min: 1, max: 10_000 }).prefault(100).meta({ description: 'Most deliveries in one request.' }),
  bytes: size('1KiB', '64MiB').prefault('1MiB').meta({ description: 'Most bytes of their bodies together; a delivery that is larger goes alone.' }),
  linger: duration('0s', '10s').prefault('50ms').meta({ description: 'How long a delivery waits for others while there are fewer than `size`.' }),
});

const breaker = section({
  failures: integer({ min: 1, max: 1_000_000 }).prefault(10).meta({ description: 'Failures of the endpoint in a row that open the breaker: its deliveries are parked without being tried.' }),
  open: duration('1ms', '1d').prefault('30s').meta({ description: 'How long it stays open before one delivery is tried again.' }),
});

const oauth2 = section({
  token_url: textOf(tokenUrl, { pattern: '^https?://' }).meta({ description: 'The token endpoint, `https://` or `http://`. `network`, `tls` and `timeout` of the endpoint hold for it too.' }),
  client_id: textOf(clientText).meta({ description: "The client's id." }),
  client_secret: textOf(clientText).meta({ description: "The client's secret." }),
  scope: textOrEmpty(scopeText).optional().meta({ description: 'The scopes to ask for, with spaces between them. Default: what the authorization server gives without.' }),
  audience: textOrEmpty(clientText).optional().meta({ description: 'What the token is for, where the authorization server wants to know. Default: not said.' }),
  auth: choice(['basic', 'body']).prefault('basic').meta({ description: '`basic`: id and secret go as HTTP Basic authorization, which every authorization server must know. `body`: in the form.' }),
});

const TYPES = ['http', 'kafka'] as const;

const options = section({
  type: choice(TYPES).prefault(TYPES[0]).meta({ description: '`http`: deliveries are requests to `url`. `kafka`: they are records in `topic`.' }),
  url: textOf(endpointUrl, { pattern: '^https?://' }).optional().meta({ description: 'Where to send, `https://` or `http://`; required of `type: http`. A user and password in it become Basic authorization.' }),
  brokers: brokers.optional().meta({ description: 'Kafka: brokers to begin with, `host:port`, a list or with commas between them; required. `network` holds for all that are learned from them.' }),
  topic: endpointTopic.optional().meta({ description: 'Kafka: the topic, maybe with expressions that each hook of the endpoint knows: `app.${{ event.table }}`; required. It is not made if it is not there, unless the broker does that.' }),
  key: endpointKey.optional().meta({ description: "Kafka: the key of records, maybe with expressions: `${{ row.id }}`. Default: the lane of the event (by default: the row's), so that what belongs together is in one partition, in order." }),
  sasl: sasl.optional().meta({ description: 'Kafka: user and password (SASL). Default: none.' }),
  method: choice(METHODS).prefault('POST').meta({ description: 'HTTP method. GET and HEAD have no body: they carry the event in the query of the URL.' }),
  headers: mapOf(textOf(headerValue), headerNameFault).prefault({}).meta({
    description: 'Headers of every request, or record. Added when it is sent, so that what is parked gets them as they are then.',
  }),
  signing: section({
    secrets: listOf(textOrEmpty(signingSecret), { min: 1, orOne: true }).meta({
      description:
        '`whsec_` and 24 to 64 bytes in base64: HMAC-SHA256, a `v1` signature. Or `whsk_` and an Ed25519 private key in base64, its 32-byte seed or the 64 bytes of seed and public key: a `v1a` signature, which receivers verify with the public key alone. Each makes one signature in `webhook-signature`: several while one is being replaced. Those that a variable leaves empty are skipped.',
    }),
  })
    .optional()
    .meta({ description: 'How requests are signed (Standard Webhooks). Default: requests are **not** signed, and carry no `webhook-signature`; `walhook check` warns of it.' }),
  timeout: duration('1ms', '1h').prefault('15s').meta({ description: 'One deadline for the whole attempt, the response body included.' }),
  concurrency: integer({ min: 1, max: 10_000 }).prefault(16).meta({ description: 'Most requests, or records, at once. Those of one lane (by default: one row) always go one after the other.' }),
  rate: rate('1/h', '1000000/s').optional().meta({ description: 'Most requests in a time: `50/s`, `100/m`, `1000/h`. Default: no limit.' }),
  batch: batch.optional().meta({
    description:
      'Deliveries go several in one request, whose body is a JSON array of theirs, those of a lane in their order; also when there is only one. Those go together whose method, path, headers and content type are the same. `webhook-id` is then that of the batch: `meta: [id]` of a hook, or `event.id` in its `body`, lets the receiver tell the events apart. When the endpoint refuses a batch, each delivery of it is sent alone. `concurrency` and `rate` count requests. What turns out to be a GET or HEAD, by an expression in `method`, goes as it would without `batch`. Default: one delivery a request.',
  }),
  retry: retry.prefault({}).meta({ description: 'When a delivery that failed is tried again.' }),
  breaker: breaker.prefault({}).meta({ description: 'When an endpoint that fails altogether is left alone.' }),
  responses: mapOf(choice(['delivered', 'retry', 'dead', 'disable']), statusFault)
    .prefault({})
    .meta({
      description:
        'What a response means, by status (`409`) or class (`4xx`); a status goes before its class. `delivered`: as good as 2xx. `retry`: try again. `dead`: a dead letter at once. `disable`: disable the endpoint, which keeps its deliveries. Default: `2xx` is delivered, `410` disables, all others are tried again. Redirects are never followed.',
    }),
  disable_after: duration('1m', '365d').optional().meta({
    description: 'An endpoint that has failed for so long, without a single success, is disabled: its deliveries are parked until `walhook resume`. Default: never.',
  }),
  network: section({
    allow: listOf(textOf(cidr)).prefault([]).meta({
      description:
        'Networks that may be connected to although they are private, loopback, link-local or otherwise not public: `[10.0.0.0/8, "fd00::/8"]`. Others of that kind are refused. An address where a cloud hands out credentials (169.254.169.254, fd00:ec2::254, …) must be named by itself: a range around it does not allow it.',
    }),
  })
    .prefault({})
    .meta({ description: 'Which addresses may be connected to.' }),
  tls: tls.optional().meta({ description: 'Certificates of `https://`: absolute paths of PEM files, read at start and at reload. Kafka: connections have TLS, with `true` and the certificates of Node; default there: in plain text.' }),
  oauth2: oauth2.optional().meta({
    description:
      'OAuth 2.0 client credentials (RFC 6749, 4.4): requests carry `Authorization: Bearer` and a token that is asked for when one is needed, kept until shortly before it expires, and asked for anew once after a 401. Default: none.',
  }),
});

/** That an endpoint is of one kind, target-rules.ts sees to. */
export const endpoint = sectionOfKinds(options, [
  { required: ['url'], without: OF_KAFKA },
  { required: ['type', 'brokers', 'topic'], without: OF_HTTP },
]);
