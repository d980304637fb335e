import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { EndpointConfig } from '../../src/config.ts';
import type { Delivery } from '../../src/delivery.ts';
import { type EndpointSender, openSender } from '../../src/endpoint-sender.ts';
import { Signer } from '../../src/format/signature.ts';
import type { Outcome } from '../../src/outcome.ts';
import { PRODUCE, recordPath } from '../../src/record-path.ts';
import { deliveryOf, endpointAt } from '../deliver/endpoint.ts';
import { KafkaBroker } from '../support/kafka/broker.ts';
import { freePort } from '../support/free-port.ts';
import { makeTopic, readTopic, sharedBrokers } from './topics.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const brokers = sharedBrokers();

function endpoint(changes: Partial<EndpointConfig> = {}, at: readonly string[] = brokers): EndpointConfig {
  return endpointAt(`kafka://${at[0]}`, { name: 'stream', kafka: { brokers: at, tls: null, sasl: null, topic: ['not-asked'], key: null }, ...changes });
}

function open(config: EndpointConfig, sign = false): EndpointSender {
  const signer = new Signer([SECRET]);
  const sender = openSender(config, { userAgent: 'walhook/0', sign: sign ? (id, at, body) => signer.sign(id, at, body) : null });
  onTestFinished(() => sender.abort());
  return sender;
}

function record(id: string, topic: string, { key = null, body = '{"a":1}', ...changes }: { key?: string | null; body?: string } & Partial<Delivery> = {}): Delivery {
  return { ...deliveryOf(id, body, { method: PRODUCE, path: recordPath({ topic, key }), headers: [['x-hook', 'käse'], ['x-both', 'hook']] }), ...changes };
}

function attempt(sender: EndpointSender, delivery: Delivery): Promise<Outcome> {
  return new Promise((resolve) => sender.attempt(delivery, resolve));
}

describe.skipIf(brokers.length === 0)('with a broker', () => {
  test('a record has the topic, the key, the body and the headers that a webhook would have, and its signature verifies', async () => {
    const topic = await makeTopic(brokers);
    const sender = open(endpoint({ headers: new Map([['X-Team', 'crm'], ['X-Both', 'endpoint']]) }), true);
    const outcome = await attempt(sender, record('evt_1', topic, { key: '42', trace: '00-a-b-01' }));
    expect(outcome).toMatchObject({ kind: 'delivered', status: null, disable: false });
    const [read] = await readTopic(brokers, topic, 1);
    expect(outcome).toMatchObject({ place: `${topic}/${read?.partition}@0` });
    expect(read).toMatchObject({ key: '42', value: '{"a":1}', offset: 0n });
    const { 'webhook-timestamp': timestamp = '', 'webhook-signature': signature = '', ...headers } = read?.headers ?? {};
    expect(headers).toEqual({ 'x-team': 'crm', 'x-both': 'hook', 'x-hook': 'käse', 'content-type': 'application/json', 'webhook-id': 'evt_1', traceparent: '00-a-b-01' });
    expect(new Webhook(SECRET).verify(read?.value ?? '', { 'webhook-id': 'evt_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature })).toEqual({ a: 1 });
  });

  test('without a key, records of a lane are in one partition, in order', async () => {
    const topic = await makeTopic(brokers);
    const sender = open(endpoint());
    for (let i = 0; i < 5; i++) await attempt(sender, record(`evt_${i}`, topic, { lane: 7, body: `{"n":${i}}` }));
    const read = await readTopic(brokers, topic, 5);
    expect(new Set(read.map(({ partition }) => partition)).size).toBe(1);
    expect(read.map(({ key, value }) => [key, value])).toEqual([0, 1, 2, 3, 4].map((n) => ['7', `{"n":${n}}`]));
  });

  test('a key goes where Kafka’s own clients put it', async () => {
    const topic = await makeTopic(brokers, { partitions: 10 });
    const sender = open(endpoint());
    // Utils.toPositive(Utils.murmur2("foobar")): 2083131832 (-790332482 made positive is 1357151166), of Kafka's own UtilsTest.
    const outcome = await attempt(sender, record('evt_1', topic, { key: 'foobar' }));
    expect(outcome).toMatchObject({ place: `${topic}/${(-790_332_482 & 0x7fffffff) % 10}@0` });
  });

  test('a thousand at once: each has its own outcome, at its own place', async () => {
    const topic = await makeTopic(brokers);
    const sender = open(endpoint());
    const outcomes = await Promise.all(Array.from({ length: 1000 }, (_, n) => attempt(sender, record(`evt_${n}`, topic, { lane: n, body: `{"n":${n}}` }))));
    const read = await readTopic(brokers, topic, 1000);
    const places = new Map(read.map(({ headers, partition, offset }) => [headers['webhook-id'], `${topic}/${partition}@${offset}`]));
    expect(outcomes.map((outcome) => (outcome.kind === 'delivered' ? outcome.place : outcome.message))).toEqual(Array.from({ length: 1000 }, (_, n) => places.get(`evt_${n}`)));
  });

  test('a topic that is not there is refused to its own record alone, and says nothing of the endpoint', async () => {
    const topic = await makeTopic(brokers);
    const sender = open(endpoint());
    const [missing, fine] = await Promise.all([attempt(sender, record('evt_1', 'no-such-topic')), attempt(sender, record('evt_2', topic))]);
    expect(missing).toMatchObject({ kind: 'failed', failure: 'rejected', verdict: 'retry', message: expect.stringContaining('(UNKNOWN_TOPIC_OR_PARTITION)') });
    expect(fine).toMatchObject({ kind: 'delivered' });
  });

  test('a record that is too large is dead at once, and those beside it arrive', async () => {
    const topic = await makeTopic(brokers, { partitions: 1, configs: { 'max.message.bytes': '10000' } });
    const sender = open(endpoint());
    const sizes = [10, 20_000, 6_000, 6_000, 10];
    const outcomes = await Promise.all(sizes.map((size, n) => attempt(sender, record(`evt_${n}`, topic, { body: JSON.stringify('x'.repeat(size)) }))));
    expect(outcomes.map((outcome) => (outcome.kind === 'failed' ? [outcome.failure, outcome.verdict] : outcome.kind))).toEqual(['delivered', ['rejected', 'dead'], 'delivered', 'delivered', 'delivered']);
    const read = await readTopic(brokers, topic, 4);
    expect(read.map(({ headers }) => headers['webhook-id']).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual(['evt_0', 'evt_2', 'evt_3', 'evt_4']);
  });

  test('what was made for HTTP, or cannot be read, is dead', async () => {
    const sender = open(endpoint());
    expect(await attempt(sender, deliveryOf('evt_1', '{}'))).toMatchObject({ failure: 'request', verdict: 'dead', message: expect.stringContaining('it has no topic') });
  });

  test('nothing connects to an address that is not allowed: a literal, a name', async () => {
    const port = brokers[0]?.split(':')[1] ?? '';
    for (const host of ['127.0.0.1', 'localhost']) {
      const sender = open(endpoint({ network: { allow: [] } }, [`${host}:${port}`]));
      expect(await attempt(sender, record('evt_1', 'any'))).toMatchObject({ kind: 'failed', failure: 'blocked_address', message: expect.stringContaining('endpoints.stream.network.allow: [127.0.0.1/32]') });
    }
    const named = open(endpoint({ network: { allow: ['127.0.0.1'] } }, [`localhost:${port}`]));
    const topic = await makeTopic(brokers);
    expect(await attempt(named, record('evt_1', topic))).toMatchObject({ kind: 'delivered' });
  });

  test('brokers that the cluster names itself are guarded too', async () => {
    const port = Number(brokers[0]?.split(':')[1]);
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
    const topic = await makeTopic(brokers);
    // What is asked first is allowed; the leader, which it names 127.0.0.1, is not.
    const sender = open(endpoint({ network: { allow: ['127.0.0.2'] } }, [`127.0.0.2:${(relay.address() as AddressInfo).port}`]));
    expect(await attempt(sender, record('evt_1', topic))).toMatchObject({ failure: 'blocked_address', message: expect.stringContaining('127.0.0.1 is not a public address') });
  });

  test('an attempt at brokers that do not answer ends with its timeout, and what waits ends with it', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const sender = open(endpoint({ timeout: 300 }, [`127.0.0.1:${(silent.address() as AddressInfo).port}`]));
    const first = attempt(sender, record('evt_1', 'any'));
    await new Promise(setImmediate);
    const second = attempt(sender, record('evt_2', 'any'));
    for (const outcome of await Promise.all([first, second])) expect(outcome).toMatchObject({ kind: 'failed', failure: 'timeout', verdict: 'retry', message: expect.stringContaining('within 0.3s') });
  });

  test('a port where nothing listens is refused', async () => {
    const sender = open(endpoint({}, [`127.0.0.1:${await freePort()}`]));
    expect(await attempt(sender, record('evt_1', 'any'))).toMatchObject({ kind: 'failed', failure: 'refused', verdict: 'retry' });
  });

  test('abort ends what is open', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    onTestFinished(() => void silent.close());
    const sender = open(endpoint({}, [`127.0.0.1:${(silent.address() as AddressInfo).port}`]));
    const open1 = attempt(sender, record('evt_1', 'any'));
    await new Promise(setImmediate);
    await sender.abort();
    expect(await open1).toMatchObject({ kind: 'failed', failure: 'network' });
    expect(await attempt(sender, record('evt_2', 'any'))).toMatchObject({ kind: 'failed', failure: 'network' });
  });
});

describe.skipIf(brokers.length === 0)('with a broker of its own', () => {
  test('SASL: the right user writes, the wrong one is told so without a word of the password', async () => {
    const own = await KafkaBroker.start({ secure: true });
    onTestFinished(() => own.stop());
    const topic = await makeTopic(own.brokers);
    const at = [`127.0.0.1:${own.ports.secure?.sasl}`];
    const sasl = { mechanism: 'scram-sha-256', username: 'walhook', password: 'not-a-secret' } as const;
    const kafka = { brokers: at, tls: null, topic: ['any'], key: null };
    expect(await attempt(open(endpoint({ kafka: { ...kafka, sasl } }, at)), record('evt_1', topic))).toMatchObject({ kind: 'delivered' });
    const wrong = await attempt(open(endpoint({ kafka: { ...kafka, sasl: { ...sasl, password: 'wrong-password' } } }, at)), record('evt_2', topic));
    expect(wrong).toMatchObject({ kind: 'failed', failure: 'broker', verdict: 'retry' });
    expect(JSON.stringify(wrong)).not.toContain('wrong-password');
  });

  test('what failed while the broker was away arrives once it is back, in order', async () => {
    const own = await KafkaBroker.start();
    onTestFinished(() => own.stop());
    const topic = await makeTopic(own.brokers);
    const sender = open(endpoint({ timeout: 3000 }, own.brokers));
    expect(await attempt(sender, record('evt_0', topic))).toMatchObject({ kind: 'delivered' });
    await own.kill();
    expect(await attempt(sender, record('evt_1', topic))).toMatchObject({ kind: 'failed', verdict: 'retry' });
    await own.start();
    for (const id of ['evt_1', 'evt_2']) await expect.poll(() => attempt(sender, record(id, topic)), { timeout: 30_000 }).toMatchObject({ kind: 'delivered' });
    const read = await readTopic(own.brokers, topic, 3);
    expect(read.map(({ headers }) => headers['webhook-id'])).toEqual(['evt_0', 'evt_1', 'evt_2']);
  });
});
