import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SRC = fileURLToPath(new URL('../../src', import.meta.url));

/** What could open a connection to somewhere. */
const WAYS_OUT = /\bfetch\(`|\bfetch\('|\bfetch\([a-z]\w*[,)]|from '(?:node:)?(?:https?|http2|net|tls|dgram)'|from '(?:undici|ws|axios|got|node-fetch|@platformatic\/kafka)|\(['"](?:undici|(?:node:)?https?|(?:node:)?http2)['"]\)|new (?:WebSocket|EventSource)\(|getBuiltinModule/;

/** Each file that may, and where to. What sends webhooks is not among them but for the four that go through the guard. */
const KNOWN: Readonly<Record<string, string>> = {
  'config/endpoint-schema.ts': 'the word, as a type of endpoint',
  'deliver/guard.ts': 'the guard itself',
  'deliver/sender.ts': 'connects through the guard alone',
  'deliver/token-request.ts': 'connects through the guard alone',
  'pem-files.ts': 'certificates',
  'kafka/server-name.ts': 'isIP',
  'deliver/tls-context.ts': 'certificates',
  'commands/daemon-client.ts': 'the own admin API, at the address of server.listen',
  'commands/embedded-postgres.ts': 'a free port on loopback, for the demo',
  'commands/receiver.ts': 'listens, for the demo and `listen`',
  'commands/send-text.ts': 'the names of statuses',
  'kafka/guarded-pool.ts': 'guards the connections of a Kafka endpoint; isIP',
  'kafka/record-producer.ts': 'connects through guarded-pool.ts alone',
  'kafka/produce-failure.ts': 'names of errors',
  'kafka/batch.ts': 'a checksum',
  'kafka/failure.ts': 'names of errors',
  'kafka/produce-request.ts': 'through cluster.ts',
  'kafka/partition-sender.ts': 'through cluster.ts',
  'kafka/topic.ts': 'through cluster.ts',
  'kafka/topic-facts.ts': 'through cluster.ts',
  'kafka/fetcher.ts': 'through cluster.ts',
  'kafka/requests.ts': 'through cluster.ts',
  'kafka/seat.ts': 'through cluster.ts',
  'kafka/cluster.ts': 'the brokers of `engine` and `source.kafka`, as the configuration has them',
  'node-http.ts': 'listens, for the admin API',
  'observe/http-app.ts': 'hono’s name for answering a request',
  'observe/http-origin.ts': 'isIP',
  'observe/http-server.ts': 'hono’s name for answering a request',
  'source/replication-socket.ts': 'Postgres',
  'source/source-pool.ts': 'Postgres',
};

const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));
const code = (file: string): string =>
  readFileSync(join(SRC, file), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('import type'))
    .join('\n');

test('nothing but the guarded sender opens connections that a configuration or a row could lead somewhere', () => {
  expect(files.filter((file) => WAYS_OUT.test(code(file)) && !Object.hasOwn(KNOWN, file))).toEqual([]);
});

test('the client of a Kafka endpoint is made in one place, which puts the guard before its connections', () => {
  expect(files.filter((file) => /new Producer\(/.test(code(file)))).toEqual(['kafka/record-producer.ts']);
  expect(code('kafka/record-producer.ts')).toContain('guardConnections(this.#producer.connections, guard)');
});

test('what sends takes its connections from endpointConnector', () => {
  for (const file of ['deliver/sender.ts', 'deliver/token-request.ts']) expect(code(file)).toMatch(/connect(?: =|:) (?:markStale\()?endpointConnector\(/);
  const makers = files.filter((file) => /guardedConnector\(|core\/connect\.js/.test(code(file)));
  expect(makers.toSorted()).toEqual(['deliver/connector.ts', 'deliver/guard.ts']);
});
