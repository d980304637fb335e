import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { EndpointConfig } from '../../src/config.ts';
import { MaskedText } from '../../src/config/masked-text.ts';
import { load, refusal, SECRET } from './loading.ts';

const ENV = { BROKERS: 'kafka-1:9092, kafka-2:9092', PASSWORD: 'hunter2-hunter2', YES: 'true', EMPTY: '' };
const STATE = 'state: { url: "postgres://db/state" }';
const SOURCE = 'source: { kafka: { brokers: [k:9092], topics: [app.items] } }';

/** The messages that a file of these lines is refused with, each with its line, column and path. */
function refused(...lines: string[]): string[] {
  return refusal(['version: 1', ...lines].join('\n'), ENV).problems.map(({ line, column, path, message }) => `${line}:${column} ${path}: ${message}`);
}

function endpoint(options: string): EndpointConfig {
  const [found] = load(`version: 1\nendpoints: { stream: { ${options} } }\n`, ENV).endpoints;
  if (found === undefined) throw new Error('it is in the file');
  return found;
}

describe('engine', () => {
  const engine = (options: string) => load(`version: 1\nengine: { kafka: { ${options} } }\n`, ENV).engine?.kafka;

  test('has defaults, and is off unless it is asked for', () => {
    expect(load('version: 1\n').engine).toBeNull();
    expect(engine('brokers: k:9092')).toEqual({ brokers: ['k:9092'], topic: 'walhook', partitions: 24, replication: null, group: 'walhook-deliver', session: 10_000, tls: null, sasl: null });
    expect(engine('brokers: k:9092, topic: crm')?.group).toBe('crm-deliver');
  });

  test('takes what there is to say', () => {
    const all = 'brokers: ["[fd00::1]:9092", b_1.example:1], topic: t, partitions: 3, replication: 2, group: g, session: 6s, tls: { ca: /etc/ssl/ca.pem }, sasl: { mechanism: plain, username: "$ConnectionString", password: "${PASSWORD}" }';
    expect(engine(all)).toEqual({
      brokers: ['[fd00::1]:9092', 'b_1.example:1'], topic: 't', partitions: 3, replication: 2, group: 'g', session: 6000,
      tls: { ca: '/etc/ssl/ca.pem', cert: null, key: null }, sasl: { mechanism: 'plain', username: '$ConnectionString', password: 'hunter2-hunter2' },
    });
  });

  test('brokers may come from one variable, with commas between them', () => {
    expect(engine('brokers: "${BROKERS}"')?.brokers).toEqual(['kafka-1:9092', 'kafka-2:9092']);
  });

  test.for([
    ['true', { ca: null, cert: null, key: null }],
    ['"${YES}"', { ca: null, cert: null, key: null }],
    ['{ ca: "${EMPTY}" }', { ca: null, cert: null, key: null }],
    ['', { ca: null, cert: null, key: null }],
    ['false', null],
  ] as const)('`tls: %s` is TLS, or none', ([tls, read]) => {
    expect(engine(`brokers: k:9092, tls: ${tls}`)?.tls).toEqual(read);
  });

  test.for([
    ['', '2:11 engine.kafka.brokers: required'],
    ['brokers: []', '2:29 engine.kafka.brokers: the list is empty'],
    ['brokers: k', '2:29 engine.kafka.brokers: expected a broker, host:port, such as kafka-1.example.com:9092 or [fd00::1]:9092'],
    ['brokers: [k:9092, "k:99999"]', '2:38 engine.kafka.brokers[1]: expected a broker, host:port, such as kafka-1.example.com:9092 or [fd00::1]:9092'],
    ['brokers: "k:9092,k:9092"', '2:29 engine.kafka.brokers: the same broker is there twice'],
    ['brokers: k:9092, topic: a/b', '2:44 engine.kafka.topic: the name of a topic is letters, digits, ., _ and -'],
    ['brokers: k:9092, topic: ..', '2:44 engine.kafka.topic: no topic is named . or ..'],
    ['brokers: k:9092, topic: "${{ row.id }}"', '2:44 engine.kafka.topic: an expression in ${{ }} cannot stand here'],
    ['brokers: k:9092, partitions: 0', '2:49 engine.kafka.partitions: must be from 1 to 10000'],
    ['brokers: k:9092, session: 5s', '2:46 engine.kafka.session: must be from 6s to 30m'],
    ['brokers: k:9092, tls: /etc/ssl/ca.pem', '2:42 engine.kafka.tls: expected a mapping, found text'],
    ['brokers: k:9092, tls: { ca: /not.pem }', '2:48 engine.kafka.tls.ca: /not.pem is not a PEM file'],
    ['brokers: k:9092, tls: { cert: /etc/ssl/ca.pem }', '2:37 engine.kafka.tls: `cert` and `key` go together'],
    ['brokers: k:9092, sasl: { mechanism: gssapi, username: a, password: b }', '2:56 engine.kafka.sasl.mechanism: expected plain, scram-sha-256 or scram-sha-512'],
    ['brokers: k:9092, sasl: { mechanism: plain, username: a }', '2:37 engine.kafka.sasl.password: required'],
  ])('{ %s } is refused', ([options, message]) => {
    expect(refused(`engine: { kafka: { ${options} } }`)).toEqual([message]);
  });
});

describe('source.kafka', () => {
  test('has defaults', () => {
    expect(load(`version: 1\n${SOURCE}\n${STATE}\n`).source.kafka).toEqual({ brokers: ['k:9092'], topics: ['app.items'], group: 'walhook', session: 10_000, format: 'event', from: 'earliest', tls: null, sasl: null });
    expect(load('version: 1\n').source.kafka).toBeNull();
  });

  test('of Debezium takes what the identity of a table is, which its records do not tell', () => {
    const source = 'source: { kafka: { brokers: [k:9092], topics: a, format: debezium } }';
    expect(load(`version: 1\n${source}\n${STATE}\ntables: { t: { replica_identity: full } }\n`).tables[0]?.replica_identity).toBe('full');
  });

  test.for([
    ['no state', [SOURCE], ['2:11 state.url: required, because the source is Kafka: what is parked and dead is kept in a Postgres']],
    ['a state that a variable leaves empty', [SOURCE, 'state: { url: "${EMPTY}" }'], ['3:10 state.url: required, because the source is Kafka: what is parked and dead is kept in a Postgres']],
    [
      'what a slot has',
      [STATE, 'source: { slot: a, publication: b, manage: true, failover: false, kafka: { brokers: [k:9092], topics: a } }'],
      [['11', 'slot'], ['20', 'publication'], ['36', 'manage'], ['50', 'failover']].map(([column, option]) => `3:${column} source.${option}: is of a database, and the source is Kafka: remove it, or \`source.kafka\``),
    ],
    [
      'what only a database or its WAL can do',
      [SOURCE, STATE, 'tables: { t: { replica_identity: full } }', 'notify: { wal: 1h }', 'tracing: { url: "http://otel:4318/v1/traces", message: m }'],
      [
        '4:16 tables.t.replica_identity: is of a database, and the source is Kafka: remove it, or `source.kafka`',
        '5:11 notify.wal: there is no WAL to run out, for the source is Kafka: remove it, or `source.kafka`',
        '6:47 tracing.message: logical messages are in the WAL, and the source is Kafka: remove it, or `source.kafka`',
      ],
    ],
    [
      'what reads rows',
      [SOURCE, STATE, 'endpoints: { crm: { url: "https://x" } }', 'hooks:', '  - { name: a, table: t, to: crm, backfill: initial }', '  - { name: b, table: t, to: crm, schedule: "0 6 * * *" }'],
      [
        '6:35 hooks[0].backfill: rows that are there already are read from a database, and the source is Kafka: remove it, or `source.kafka`',
        '7:35 hooks[1].schedule: rows that were held are read again from a database, and the source is Kafka: remove it, or `source.kafka`',
      ],
    ],
    [
      'lookups without a database for them',
      [SOURCE, STATE, 'endpoints: { crm: { url: "https://x" } }', 'hooks: [{ name: a, table: t, to: crm, enrich: { org: select 1 } }]'],
      ['5:39 hooks[0].enrich: needs `source.url`, the database that is asked: the source is Kafka'],
    ],
    [
      'topics that are written to',
      [STATE, 'source: { kafka: { brokers: [k:9092], topics: [walhook, in] } }', 'engine: { kafka: { brokers: "j:9092,k:9092" } }', 'endpoints:', '  a: { type: kafka, brokers: k:9092, topic: in }', '  b: { type: kafka, brokers: k:9092, topic: walhook }', '  c: { type: kafka, brokers: other:9092, topic: in }'],
      [
        '3:48 source.kafka.topics[0]: is the topic of `engine`, whose records are deliveries',
        '6:45 endpoints.a.topic: is a topic of `source.kafka`: what is sent would be read again, without end',
        '7:45 endpoints.b.topic: is the topic of `engine`, which belongs to it alone',
        '7:45 endpoints.b.topic: is a topic of `source.kafka`: what is sent would be read again, without end',
      ],
    ],
  ] as const)('%s is refused', ([, lines, messages]) => {
    expect(refused(...lines)).toEqual(messages);
  });

  test('lookups may have a database of their own', () => {
    const lookups = 'source: { url: "postgres://db/app", kafka: { brokers: k:9092, topics: a } }\nendpoints: { crm: { url: "https://x" } }\nhooks: [{ name: a, table: t, to: crm, enrich: { org: select 1 } }]';
    expect(load(`version: 1\n${STATE}\n${lookups}\n`).source.url).toBe('postgres://db/app');
  });
});

describe('endpoints of type kafka', () => {
  test('send to a topic, which may differ from event to event', () => {
    const { url, kafka, ...rest } = endpoint('type: kafka, brokers: "${BROKERS}", topic: "app.${{ event.table }}", key: "${{ row.id }}", tls: true');
    expect(url.href).toBe('kafka://kafka-1:9092');
    expect(kafka?.brokers).toEqual(['kafka-1:9092', 'kafka-2:9092']);
    expect([kafka?.topic, kafka?.key]).toEqual([['app.', { source: 'event.table', line: 2, column: 76 }], [{ source: 'row.id', line: 2, column: 103 }]]);
    expect([kafka?.tls, kafka?.sasl]).toEqual([{ ca: null, cert: null, key: null }, null]);
    expect(rest).toMatchObject({ batch: null, oauth2: null, rate: null, concurrency: 16 });
    expect(rest).not.toHaveProperty('type');
    const { kafka: plain } = endpoint('type: kafka, brokers: k:9092, topic: t');
    expect([plain?.topic, plain?.key, plain?.tls]).toEqual([['t'], null, null]);
  });

  test('others are of HTTP', () => {
    expect(endpoint('type: http, url: "https://x"').kafka).toBeNull();
    expect(endpoint('url: "https://x"').kafka).toBeNull();
  });

  test('take what is common to all', () => {
    const common = `timeout: 1s, concurrency: 2, rate: 5/s, retry: { attempts: 3 }, breaker: { failures: 2 }, headers: { A: b }, network: { allow: [10.0.0.0/8] }, disable_after: 1d, signing: { secrets: "${SECRET}" }`;
    expect(endpoint(`type: kafka, brokers: k:9092, topic: t, ${common}`)).toMatchObject({ timeout: 1000, concurrency: 2, rate: 5, headers: new Map([['A', 'b']]), network: { allow: ['10.0.0.0/8'] } });
  });

  const ALONE = 'is of HTTP, and this endpoint has `type: kafka`: remove it';
  test.for([
    ['type: kafka', ['2:14 endpoints.stream.brokers: required', '2:14 endpoints.stream.topic: required']],
    ['type: nats', ['2:30 endpoints.stream.type: expected http or kafka']],
    ['type: kafka, brokers: k:9092, topic: t, url: "https://x", method: PUT', [`2:64 endpoints.stream.url: ${ALONE}`, `2:82 endpoints.stream.method: ${ALONE}`]],
    ['type: kafka, brokers: k:9092, topic: t, batch: {}, responses: { 409: dead }', [`2:64 endpoints.stream.batch: ${ALONE}`, `2:75 endpoints.stream.responses: ${ALONE}`]],
    ['type: kafka, brokers: k:9092, topic: ""', ['2:61 endpoints.stream.topic: the name of a topic is letters, digits, ., _ and -']],
    ['type: kafka, brokers: k:9092, topic: "a b ${{ row.id }}"', ['2:61 endpoints.stream.topic: the name of a topic is letters, digits, ., _ and -']],
    ['type: kafka, brokers: k:9092, topic: t, key: ""', ['2:69 endpoints.stream.key: the key is empty: without this line it is the lane of the event']],
    ['type: kafka, brokers: k:9092, topic: "a.${{ row. }}"', ['2:72 endpoints.stream.topic: not a CEL expression: expected IDENTIFIER, got EOF']],
    ['brokers: k:9092, topic: t', ['2:14 endpoints.stream.url: required: or is `type: kafka` missing?', '2:24 endpoints.stream.brokers: is of Kafka: it goes with `type: kafka`', '2:41 endpoints.stream.topic: is of Kafka: it goes with `type: kafka`']],
    ['url: "https://x", tls: true', ['2:47 endpoints.stream.tls: here `https://` in `url` says it: `tls` is a mapping of files']],
  ] as const)('{ %s } is refused', ([options, messages]) => {
    expect(refused(`endpoints: { stream: { ${options} } }`)).toEqual(messages);
  });

  const STREAM = 'endpoints: { stream: { type: kafka, brokers: k:9092, topic: t }, crm: { url: "https://x" } }';

  test('what a record does not have cannot be said of it', () => {
    expect(refused(STREAM, 'hooks: [{ name: a, table: t, to: [crm, stream], method: PUT, path: /x, encoding: form }]')).toEqual([
      '3:49 hooks[0].method: a record has none (endpoint stream is of Kafka): remove it, or send this hook to an endpoint of HTTP',
      '3:62 hooks[0].path: a record has none (endpoint stream is of Kafka): remove it, or send this hook to an endpoint of HTTP',
      '3:82 hooks[0].encoding: a record is JSON (endpoint stream is of Kafka): use json, or send this hook to an endpoint of HTTP',
    ]);
    expect(load(`version: 1\n${STREAM}\nhooks: [{ name: a, table: t, to: [crm, stream], format: debezium, headers: { A: "\${{ row.id }}" } }]\n`).hooks).toHaveLength(1);
  });

  test('notices go to a topic that is always the same', () => {
    const templated = 'endpoints: { stream: { type: kafka, brokers: k:9092, topic: "t.${{ event.table }}" } }';
    expect(refused(templated, 'notify: { to: [stream] }')).toEqual(['3:16 notify.to[0]: the endpoint has an expression in `topic`, and a notice has no row: give notices an endpoint of their own']);
    expect(load(`version: 1\n${STREAM}\nnotify: { to: stream }\n`).notify.to).toEqual(['stream']);
  });
});

test('passwords and keys of clusters are masked, wherever they stand', () => {
  const cluster = 'brokers: k, tls: { key: hidden-key }, sasl: { mechanism: plain, username: me, password: hidden-password }';
  const yaml = `version: 1\nengine: { kafka: { ${cluster} } }\nsource: { kafka: { topics: [a], ${cluster} } }\nendpoints: { stream: { type: kafka, topic: t, ${cluster} } }\n`;
  expect(refusal(yaml).message).not.toContain('hidden');
  const masked = new MaskedText(yaml).whole;
  expect(masked).not.toContain('hidden');
  expect(masked.match(/password: \*{3}/g)).toHaveLength(3);
});

test.for(['engine', 'endpoint', 'source'])('examples/kafka-%s.yaml loads', (name) => {
  const text = readFileSync(join(resolve(import.meta.dirname, '../../examples'), `kafka-${name}.yaml`), 'utf8');
  const config = load(text, { DATABASE_URL: 'postgres://db/app', STATE_URL: 'postgres://db/state', KAFKA_BROKERS: 'k:9092', KAFKA_PASSWORD: 'p', WEBHOOK_SECRET: SECRET });
  expect([config.engine, config.source.kafka, ...config.endpoints.map(({ kafka }) => kafka)].filter((part) => part !== null)).toHaveLength(1);
});
