import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { KafkaClusterConfig } from '../../src/config.ts';
import { openSender } from '../../src/endpoint-sender.ts';
import { ensureTopic } from '../../src/kafka/topic.ts';
import type { Outcome } from '../../src/outcome.ts';
import { PRODUCE, recordPath } from '../../src/record-path.ts';
import { deliveryOf, endpointAt } from '../deliver/endpoint.ts';
import { BROKER_CERTIFICATE, describeKafka, KAFKA_USER, KafkaBroker, kafkaScope, type KafkaScope } from '../support/kafka.ts';
import { cluster } from './clients.ts';

const NONE = { ca: null, cert: null, key: null };
const TRUSTED = { ...NONE, ca: BROKER_CERTIFICATE };
const SASL = { mechanism: 'scram-sha-512', ...KAFKA_USER } as const;
const file = (name: string): string => fileURLToPath(new URL(`../deliver/certificates/${name}`, import.meta.url));
const CLIENT = { ...TRUSTED, cert: file('client.pem'), key: file('client.key') };

/** Names whom a client asks for in the handshake: false where it names nobody. */
async function nameTold(host: string, ask: (broker: string) => Promise<unknown>): Promise<string | false> {
  const server = createTlsServer({ cert: readFileSync(BROKER_CERTIFICATE), key: readFileSync(BROKER_CERTIFICATE.replace(/pem$/, 'key')) });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const told = new Promise<string | false>((resolve) => {
    server.once('secureConnection', (socket) => {
      resolve(socket.servername ?? false);
      socket.destroy();
    });
  });
  const asked = ask(`${host}:${(server.address() as AddressInfo).port}`);
  const name = await told;
  await asked;
  return name;
}

/** A way to a port of 127.0.0.1 under an address that no certificate is for. */
async function otherAddress(port: number): Promise<string> {
  const ways: Socket[] = [];
  const relay = createServer((socket) => {
    const way = connect(port, '127.0.0.1');
    ways.push(socket.on('error', () => undefined), way.on('error', () => undefined));
    socket.pipe(way).pipe(socket);
  }).listen(0, '127.0.0.2');
  await once(relay, 'listening');
  onTestFinished(() => {
    for (const way of ways) way.destroy();
    relay.close();
  });
  return `127.0.0.2:${(relay.address() as AddressInfo).port}`;
}

/** What an endpoint of `type: kafka` makes of one record. */
function produce(kafka: KafkaClusterConfig, topic: string): Promise<Outcome> {
  const config = endpointAt(`kafka://${kafka.brokers[0]}`, { name: 'stream', kafka: { ...kafka, topic: ['not-asked'], key: null } });
  const sender = openSender(config, { userAgent: 'walhook/0', sign: null });
  onTestFinished(() => sender.abort());
  return new Promise((resolve) => sender.attempt(deliveryOf('evt_1', '{}', { method: PRODUCE, path: recordPath({ topic, key: null }) }), resolve));
}

describeKafka('TLS to the brokers', () => {
  let broker: KafkaBroker;
  let scope: KafkaScope;
  let topic: string;
  let tls: number;
  let saslTls: number;

  beforeAll(async () => {
    // Asked for a client certificate, which who has none need not give: who has one must be known.
    const asks = { 'listener.name.ssl.ssl.client.auth': 'requested', 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': file('client.pem') };
    broker = await KafkaBroker.start({ secure: true, settings: asks });
    scope = kafkaScope(broker.brokers);
    topic = await scope.topic(3);
    ({ tls, saslTls } = broker.ports.secure ?? expect.fail('it has secure listeners'));
  }, 120_000);

  afterAll(async () => {
    await scope?.close();
    await broker?.stop();
  });

  /** The engine's client, which asks for the topic. */
  const look = (brokers: readonly string[], changes: Partial<KafkaClusterConfig>) => ensureTopic(cluster(brokers, changes), { topic, partitions: 3, replication: null, clientId: 'test' });

  test('the engine: with the authority’s file, by name and by address, with a user and with a client certificate', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      expect(await look([`${host}:${tls}`], { tls: TRUSTED })).toBe(false);
      expect(await look([`${host}:${saslTls}`], { tls: TRUSTED, sasl: SASL })).toBe(false);
    }
    expect(await look([`localhost:${tls}`], { tls: CLIENT })).toBe(false);
  });

  test('an endpoint: the same', async () => {
    for (const host of ['localhost', '127.0.0.1']) {
      expect(await produce(cluster([`${host}:${tls}`], { tls: TRUSTED }), topic)).toMatchObject({ kind: 'delivered' });
      expect(await produce(cluster([`${host}:${saslTls}`], { tls: TRUSTED, sasl: SASL }), topic)).toMatchObject({ kind: 'delivered' });
    }
    expect(await produce(cluster([`localhost:${tls}`], { tls: CLIENT }), topic)).toMatchObject({ kind: 'delivered' });
    expect((await scope.ends(topic)).reduce((sum, end) => sum + end, 0n)).toBe(5n);
  });

  test('a broker whose authority is not trusted is refused', async () => {
    await expect(look([`localhost:${tls}`], { tls: NONE })).rejects.toMatchObject({ code: 'kafka_tls', message: expect.stringContaining('is not trusted'), hint: expect.stringContaining('tls.ca') });
    expect(await produce(cluster([`localhost:${tls}`], { tls: NONE }), topic)).toMatchObject({ kind: 'failed', failure: 'tls', verdict: 'retry', message: expect.stringContaining('tls.ca') });
  });

  test('a broker whose certificate is for another name is refused', async () => {
    const other = await otherAddress(tls);
    await expect(look([other], { tls: TRUSTED })).rejects.toMatchObject({ code: 'kafka_tls', message: expect.stringContaining('is for another name') });
    expect(await produce(cluster([other], { tls: TRUSTED }), topic)).toMatchObject({ kind: 'failed', failure: 'tls', message: expect.stringContaining('another name') });
  });

  test('a client certificate that the broker does not know is said to be refused', async () => {
    const stranger = { ...TRUSTED, cert: BROKER_CERTIFICATE, key: BROKER_CERTIFICATE.replace(/pem$/, 'key') };
    await expect(look([`localhost:${tls}`], { tls: stranger })).rejects.toMatchObject({ code: expect.stringMatching(/^kafka_(tls|unreachable)$/) });
    expect(await produce(cluster([`localhost:${tls}`], { tls: stranger }), topic)).toMatchObject({ kind: 'failed' });
  });

  test('the host’s name is told in the handshake, an address is not', async () => {
    const engine = (at: string) => look([at], { tls: TRUSTED }).catch(() => undefined);
    const endpoint = (at: string) => produce(cluster([at], { tls: TRUSTED }), topic);
    for (const ask of [engine, endpoint]) {
      expect(await nameTold('localhost', ask)).toBe('localhost');
      expect(await nameTold('127.0.0.1', ask)).toBe(false);
    }
  });

  test('a file that cannot be used is named with its setting', async () => {
    const at = [`localhost:${tls}`];
    await expect(look(at, { tls: { ...NONE, ca: '/nowhere/ca.pem' } })).rejects.toMatchObject({ code: 'kafka_tls', message: 'kafka.tls.ca: cannot read /nowhere/ca.pem', exit: 78 });
    await expect(look(at, { tls: { ...CLIENT, key: file('receiver.key') } })).rejects.toMatchObject({ code: 'kafka_tls', message: expect.stringContaining('not a pair') });
    await expect(look(at, { tls: { ...CLIENT, key: null } })).rejects.toMatchObject({ code: 'kafka_tls', message: 'kafka.tls: cert and key go together' });
  });
});
