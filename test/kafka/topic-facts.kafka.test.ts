import { expect, test } from 'vitest';
import { topicFacts } from '../../src/kafka/topic-facts.ts';
import { freePort } from '../support/free-port.ts';
import { describeKafka, kafka } from '../support/kafka.ts';
import { cluster } from './clients.ts';

describeKafka('topicFacts', () => {
  test('tells partitions, copies and settings, and makes nothing', async () => {
    const { brokers, topic, name } = kafka();
    const made = await topic(2, { 'retention.ms': '1000', 'min.insync.replicas': '1' });
    const facts = await topicFacts(cluster(brokers), { topic: made, clientId: 'test' });
    expect(facts).toMatchObject({ partitions: 2, copies: 1 });
    expect(Object.fromEntries(facts?.settings ?? [])).toEqual({ 'cleanup.policy': 'delete', 'min.insync.replicas': '1', 'retention.bytes': '-1', 'retention.ms': '1000' });
    const missing = name();
    for (const _ of [1, 2]) expect(await topicFacts(cluster(brokers), { topic: missing, clientId: 'test' })).toBeNull();
  });

  test('says where nobody answers', async () => {
    const broker = `127.0.0.1:${await freePort()}`;
    await expect(topicFacts(cluster([broker]), { topic: 't', clientId: 'test' })).rejects.toMatchObject({ code: 'kafka_unreachable', message: expect.stringContaining(broker) });
  });
});
