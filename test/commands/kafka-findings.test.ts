import { describe, expect, test } from 'vitest';
import { kafkaFindings } from '../../src/commands/kafka-findings.ts';
import { loadConfig } from '../../src/config/load.ts';
import { WalhookError } from '../../src/errors.ts';
import type { TopicFacts } from '../../src/kafka/topic-facts.ts';

const ENGINE = loadConfig({ text: 'version: 1\nengine: { kafka: { brokers: [k:9092], partitions: 6, replication: 3 } }\n', file: 'w.yaml', env: {}, readFile: () => '' });
const SOURCE = loadConfig({ text: 'version: 1\nsource: { kafka: { brokers: [k:9092], topics: [a, b] } }\nstate: { url: "postgres://h/d" }\n', file: 'w.yaml', env: {}, readFile: () => '' });
const facts = (settings: Readonly<Record<string, string>>, rest: Partial<TopicFacts> = {}): TopicFacts => ({ partitions: 6, copies: 3, settings: new Map(Object.entries(settings)), ...rest });
const GOOD = { 'cleanup.policy': 'delete', 'min.insync.replicas': '2', 'retention.bytes': '-1', 'retention.ms': '-1' };

describe("an engine's topic", () => {
  test.each([
    ['as docs/scale.md has it', facts(GOOD), []],
    ['whose settings may not be read', facts({}), []],
    ['that is not there', null, ['info topic walhook is not there: the first `run` makes it']],
    ['with another number of partitions', facts(GOOD, { partitions: 12 }), ['error topic walhook has 12 partitions, and engine.kafka.partitions is 6']],
    ['that forgets by age', facts({ ...GOOD, 'retention.ms': '604800000' }), ['warning topic walhook keeps records for 7 days']],
    ['that forgets by size', facts({ ...GOOD, 'retention.bytes': '1000' }), ['warning topic walhook keeps 1000 bytes of each partition']],
    ['that is compacted', facts({ ...GOOD, 'cleanup.policy': 'compact' }), ['warning topic walhook has cleanup.policy=compact']],
    ['of which one copy in step is enough', facts({ ...GOOD, 'min.insync.replicas': '1' }), ['warning topic walhook has min.insync.replicas=1']],
    ['of one copy', facts({ ...GOOD, 'min.insync.replicas': '1' }, { copies: 1 }), ['warning topic walhook has one copy']],
  ] as const)('%s', async (...[, topic, expected]) => {
    const found = await kafkaFindings(ENGINE, () => Promise.resolve(topic));
    expect(found.map(({ severity, message }) => `${severity} ${message}`)).toEqual(expected.map((start) => expect.stringContaining(start)));
  });

  test('what is to be made has as many copies as the file says', async () => {
    const [found] = await kafkaFindings(ENGINE, () => Promise.resolve(null));
    expect(found?.fix).toContain('--partitions 6 --replication-factor 3 --config min.insync.replicas=2 --config retention.ms=-1');
  });
});

test('brokers that do not answer are an error, with what to do', async () => {
  const away = new WalhookError('no answer from k:9092', { code: 'kafka_unreachable', hint: 'look' });
  expect(await kafkaFindings(ENGINE, () => Promise.reject(away))).toEqual([{ code: 'kafka_unreachable', severity: 'error', message: 'no answer from k:9092', fix: 'look', path: 'engine.kafka', managed: false }]);
});

test('topics of a source that are not there are named', async () => {
  const found = await kafkaFindings(SOURCE, (_, topic) => Promise.resolve(topic === 'a' ? facts(GOOD) : null));
  expect(found.map(({ severity, message }) => `${severity} ${message}`)).toEqual(['warning topic b is not there, or the user may not see it: nothing is read until it is']);
});

test('without Kafka in the file nobody is asked', async () => {
  const plain = loadConfig({ text: 'version: 1\n', file: 'w.yaml', env: {}, readFile: () => '' });
  expect(await kafkaFindings(plain, () => Promise.reject(new Error('asked')))).toEqual([]);
});
