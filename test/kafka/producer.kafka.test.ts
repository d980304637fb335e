import { expect, test } from 'vitest';
import { describeKafka, kafka, ownKafka } from '../support/kafka.ts';
import { cluster, memberOf, producerOf, record } from './clients.ts';
import { Load } from './load.ts';
import { RecordingMember } from './recording-member.ts';

const PARTITIONS = 3;

/** Values 0, 1, 2…, by partition. */
const expected = (count: number): Map<number, string[]> => Map.groupBy(Array.from({ length: count }, (_, index) => String(index)), (value) => Number(value) % PARTITIONS);

describeKafka('the producer', () => {
  test('keeps the order within a partition, across batches and calls', async () => {
    const { brokers, topic, name } = kafka();
    const made = await topic(PARTITIONS);
    const producer = await producerOf(brokers, made, PARTITIONS);
    for (let from = 0; from < 3000; from += 1000) {
      await producer.produce(Array.from({ length: 1000 }, (_, index) => record((from + index) % PARTITIONS, String(from + index))));
    }
    const member = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group: name(), topics: [made], member });
    await member.until(({ count }) => count === 3000);
    expect(member.values).toEqual(expected(3000));
    expect(producer.problem).toBeNull();
  });

  test('names what is too large, and has the broker take all else, in order', async () => {
    const { brokers, topic, name } = kafka();
    const made = await topic(PARTITIONS, { 'max.message.bytes': '20000' });
    const producer = await producerOf(brokers, made, PARTITIONS);
    const records = Array.from({ length: 100 }, (_, index) => record(index % PARTITIONS, index === 30 || index === 61 ? 'x'.repeat(30_000) : `${index} ${'y'.repeat(1000)}`));
    expect(await producer.produce(records)).toEqual(['x'.repeat(30_000), 'x'.repeat(30_000)]);

    const member = new RecordingMember();
    memberOf({ cluster: cluster(brokers), group: name(), topics: [made], member });
    await member.until(({ count }) => count === 98);
    const indexes = [...member.values].flatMap(([, values]) => values.map((value) => Number(value.split(' ')[0])));
    expect(indexes.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, index) => index).filter((index) => index !== 30 && index !== 61));
    for (const [partition, values] of member.values) {
      const numbers = values.map((value) => Number(value.split(' ')[0]));
      expect(numbers, `partition ${partition}`).toEqual(numbers.toSorted((a, b) => a - b));
    }
  });

  test.each(['killed and started again', 'suspended for longer than a request may take'] as const)('loses, doubles and swaps nothing while the broker is %s', async (fault) => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(PARTITIONS);
    const producer = await producerOf(broker.brokers, topic, PARTITIONS);
    const load = new Load(producer, PARTITIONS);
    await load.more(500);
    if (fault.startsWith('killed')) {
      await broker.kill();
      await broker.start();
    } else {
      broker.suspend();
      await expect.poll(() => producer.problem, { timeout: 30_000 }).toContain('timed out');
      broker.resume();
    }
    await load.more(500);
    const produced = await load.stop();
    expect(producer.problem).toBeNull();

    const member = new RecordingMember();
    memberOf({ cluster: cluster(broker.brokers), group: broker.scope.name(), topics: [topic], member });
    await member.until(({ count }) => count >= produced);
    expect(member.values).toEqual(expected(produced));
    expect((await broker.scope.ends(topic)).reduce((sum, end) => sum + end, 0n)).toBe(BigInt(produced));
  });

  test('says why it does not get through; when it is closed, no one is told anything any more', async () => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(1);
    const producer = await producerOf(broker.brokers, topic, 1);
    await producer.produce([record(0, 'a')]);
    await broker.kill();
    let told = false;
    void producer.produce([record(0, 'b')]).then(() => (told = true));
    await expect.poll(() => producer.problem, { timeout: 10_000 }).toContain(broker.brokers[0]);
    await producer.close();
    await broker.start();
    await (await producerOf(broker.brokers, topic, 1)).produce([record(0, 'c')]);
    expect({ told, ends: await broker.scope.ends(topic) }).toEqual({ told: false, ends: [2n] });
  });

  test('a close does not wait for a broker that hangs', async () => {
    const broker = await ownKafka();
    const topic = await broker.scope.topic(1);
    const producer = await producerOf(broker.brokers, topic, 1);
    await producer.produce([record(0, 'a')]);
    broker.suspend();
    void producer.produce([record(0, 'b')]);
    await producer.close();
    broker.resume();
  });
});
