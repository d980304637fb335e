import { expect, test } from 'vitest';
import { ensureTopic } from '../../src/kafka/topic.ts';
import { freePort } from '../support/free-port.ts';
import { BROKER_CERTIFICATE, describeKafka, kafka, KAFKA_USER, ownKafka } from '../support/kafka.ts';
import { cluster } from './clients.ts';

const wanted = (topic: string, partitions = 3) => ({ topic, partitions, replication: null, clientId: 'test' });

describeKafka('ensureTopic', () => {
  test('makes the topic once, with its partitions', async () => {
    const { brokers, name, ends, admin } = kafka();
    const topic = name();
    expect(await ensureTopic(cluster(brokers), wanted(topic))).toBe(true);
    expect(await ends(topic)).toHaveLength(3);
    expect(await ensureTopic(cluster(brokers), wanted(topic))).toBe(false);
    await admin.deleteTopics({ topics: [topic] });
  });

  test('refuses a topic of another count, and says which to set', async () => {
    const { brokers, topic } = kafka();
    const made = await topic(2);
    await expect(ensureTopic(cluster(brokers), wanted(made))).rejects.toMatchObject({ code: 'engine_partitions', hint: expect.stringContaining('engine.kafka.partitions: 2') });
  });

  test('says what the broker has against it', async () => {
    const { brokers, name } = kafka();
    await expect(ensureTopic(cluster(brokers), { ...wanted(name()), replication: 3 })).rejects.toMatchObject({ code: 'kafka_topic', message: expect.stringMatching(/cannot be made: .*replication/i) });
  });

  test('says where nobody answers', async () => {
    const broker = `127.0.0.1:${await freePort()}`;
    await expect(ensureTopic(cluster([broker]), wanted('t'))).rejects.toMatchObject({ code: 'kafka_unreachable', reaction: 'retry', message: expect.stringContaining(broker) });
  });

  test('says who is refused, and what is wrong with TLS, never the password', async () => {
    const { ports, scope } = await ownKafka({ secure: true });
    const topic = await scope.topic(3);
    const { sasl, tls } = ports.secure ?? expect.fail('it has secure listeners');
    const user = { mechanism: 'scram-sha-256', ...KAFKA_USER } as const;
    const at = (port: number) => [`127.0.0.1:${port}`];
    const trusted = { ca: BROKER_CERTIFICATE, cert: null, key: null };

    for (const mechanism of ['plain', 'scram-sha-256', 'scram-sha-512'] as const) {
      expect(await ensureTopic(cluster(at(sasl), { sasl: { ...user, mechanism } }), wanted(topic))).toBe(false);
    }
    const refused = await ensureTopic(cluster(at(sasl), { sasl: { ...user, password: 'hunter2' } }), wanted(topic)).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'kafka_auth', message: expect.stringContaining(KAFKA_USER.username), exit: 77 });
    expect(`${String(refused)} ${JSON.stringify(refused)}`).not.toContain('hunter2');
    await expect(ensureTopic(cluster(at(tls)), wanted(topic))).rejects.toMatchObject({ code: 'kafka_tls', message: expect.stringContaining('speaks TLS') });
    await expect(ensureTopic(cluster(at(tls), { tls: { ca: null, cert: null, key: null } }), wanted(topic))).rejects.toMatchObject({ code: 'kafka_tls', hint: expect.stringContaining('tls.ca') });
    await expect(ensureTopic(cluster(at(ports.plain), { tls: trusted }), wanted(topic))).rejects.toMatchObject({ code: expect.stringMatching(/kafka_tls|kafka_unreachable/) });
  });
});
