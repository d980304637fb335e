import { readFileSync } from 'node:fs';
import { Consumer, type ConnectionOptions, MessagesStreamModes, Producer, type SASLMechanismValue } from '@platformatic/kafka';
import { expect, onTestFinished, test } from 'vitest';
import { brokerCertificate, describeKafka, kafka, KAFKA_USER, ownKafka } from './kafka.ts';

function producer(brokers: string[], options: ConnectionOptions = {}): Producer {
  const opened = new Producer({ clientId: 'test', bootstrapBrokers: brokers, retries: 5, retryDelay: 100, ...options });
  onTestFinished(() => opened.close().catch(() => undefined));
  return opened;
}

const record = (topic: string) => ({ topic, partition: 1, key: Buffer.from('k'), value: Buffer.from('v') });

describeKafka('the broker of the tests', () => {
  test('what is produced on the shared broker is counted and consumed', async () => {
    const { brokers, topic, ends, name } = kafka();
    const made = await topic(3);
    await producer(brokers).send({ messages: [record(made), record(made)] });
    expect(await ends(made)).toEqual([0n, 2n, 0n]);

    const consumer = new Consumer({ clientId: 'test', groupId: name('group'), bootstrapBrokers: brokers });
    onTestFinished(() => consumer.close(true));
    const stream = await consumer.consume({ topics: [made], mode: MessagesStreamModes.EARLIEST, sessionTimeout: 1000, heartbeatInterval: 300 });
    const read: string[] = [];
    for await (const message of stream) {
      read.push(`${message.partition} ${message.key.toString()}=${message.value.toString()}`);
      if (read.length === 2) break;
    }
    expect(read).toEqual(['1 k=v', '1 k=v']);
  });

  test('a topic can be made to refuse what is large', async () => {
    const { brokers, topic, configure } = kafka();
    const made = await topic(2);
    await configure(made, { 'max.message.bytes': '1000' });
    await expect(producer(brokers).send({ messages: [{ ...record(made), value: Buffer.alloc(2000) }] })).rejects.toThrow(/failed|large/i);
  });

  test('a broker that is killed comes back with what it had', async () => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(2);
    await producer(broker.brokers).send({ messages: [record(topic)] });
    await broker.kill();
    expect(broker.running).toBe(false);
    const begin = performance.now();
    await broker.start();
    console.log(`started again after kill -9 in ${Math.round(performance.now() - begin)} ms`);
    await producer(broker.brokers).send({ messages: [record(topic)] });
    expect(await broker.scope.ends(topic)).toEqual([0n, 2n]);
  });

  test('a broker that is suspended answers once it is resumed', async () => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(2);
    const client = producer(broker.brokers);
    await client.send({ messages: [record(topic)] });
    broker.suspend();
    const sending = client.send({ messages: [record(topic)] });
    // `T`: stopped by a signal (proc(5)), so nothing is answered.
    await expect.poll(() => readFileSync(`/proc/${broker.pid}/stat`, 'utf8')).toMatch(/\) T /);
    broker.resume();
    await sending;
    expect(await broker.scope.ends(topic)).toEqual([0n, 2n]);
  });

  test('SASL and TLS are asked for where they are offered', async () => {
    const { ports, scope } = await ownKafka({ secure: true });
    const topic = await scope.topic(2);
    const secure = ports.secure ?? expect.fail('it has secure listeners');
    const tls = { ca: brokerCertificate(), servername: 'receiver.test' };
    const sasl = (mechanism: SASLMechanismValue, password: string = KAFKA_USER.password) => ({ sasl: { mechanism, username: KAFKA_USER.username, password } });
    const send = (port: number, options: ConnectionOptions) => producer([`127.0.0.1:${port}`], options).send({ messages: [record(topic)] });

    await send(secure.tls, { tls });
    await send(secure.sasl, sasl('PLAIN'));
    await send(secure.sasl, sasl('SCRAM-SHA-256'));
    await send(secure.sasl, sasl('SCRAM-SHA-512'));
    await send(secure.saslTls, { tls, ...sasl('SCRAM-SHA-256') });
    expect(await scope.ends(topic)).toEqual([0n, 5n]);
    await expect(send(secure.sasl, sasl('PLAIN', 'wrong'))).rejects.toThrow(/failed|connect/i);
  });
});
