import type { Config, KafkaClusterConfig, KafkaEngineConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { error, type Finding, info, warning } from '../finding.ts';
import type { TopicFacts } from '../kafka/topic-facts.ts';
import { lookAtTopic } from '../open-engine.ts';
import { humanDuration } from './units.ts';

/** Asks for a topic: null where there is none. For tests. */
export type LookAtTopic = (cluster: KafkaClusterConfig, topic: string) => Promise<TopicFacts | null>;

/** What `run` would meet at the brokers of `engine` and `source.kafka`, and what an engine's topic should not be like. Nothing, and no Kafka code is loaded, where the file has neither. */
export async function kafkaFindings({ engine, source: { kafka: source } }: Config, look: LookAtTopic = lookAtTopic): Promise<Finding[]> {
  const ofSource = source === null ? [] : source.topics.map((topic) => asked('source.kafka', async () => ((await look(source, topic)) === null ? [sourceMissing(topic)] : [])));
  const ofEngine = engine === null ? [] : [asked('engine.kafka', async () => engineFindings(engine.kafka, await look(engine.kafka, engine.kafka.topic)))];
  return (await Promise.all([...ofEngine, ...ofSource])).flat();
}

/** Brokers that cannot be reached, or refuse the user, are one finding. */
async function asked(path: string, question: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await question();
  } catch (failure) {
    if (!(failure instanceof WalhookError)) throw failure;
    return [error({ code: failure.code, message: failure.message, fix: failure.hint, path })];
  }
}

function sourceMissing(topic: string): Finding {
  return warning({ code: 'kafka_topic', message: `topic ${topic} is not there, or the user may not see it: nothing is read until it is`, path: 'source.kafka.topics' });
}

function engineFindings(kafka: KafkaEngineConfig, facts: TopicFacts | null): Finding[] {
  const { topic, partitions } = kafka;
  if (facts === null) {
    const copies = kafka.replication ?? 3;
    const create = `kafka-topics.sh --create --topic ${topic} --partitions ${partitions} --replication-factor ${copies} --config min.insync.replicas=${Math.min(2, copies)} --config retention.ms=-1`;
    return [info({ code: 'kafka_topic', message: `topic ${topic} is not there: the first \`run\` makes it, with the brokers' defaults for retention and copies in sync, which may lose deliveries`, fix: create, path: 'engine.kafka.topic' })];
  }
  if (facts.partitions !== partitions) {
    return [error({ code: 'engine_partitions', message: `topic ${topic} has ${facts.partitions} partitions, and engine.kafka.partitions is ${partitions}`, fix: `engine.kafka.partitions: ${facts.partitions}, or another engine.kafka.topic`, path: 'engine.kafka.partitions' })];
  }
  return [...settingFindings(topic, facts.settings), ...copiesFindings(topic, facts)];
}

/** What an engine's topic has is nowhere else: the brokers must not remove it by themselves. */
function settingFindings(topic: string, settings: TopicFacts['settings']): Finding[] {
  const alter = (setting: string): string => `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config ${setting}`;
  const found = (message: string, setting: string): Finding => warning({ code: 'kafka_retention', message: `topic ${topic} ${message}`, fix: alter(setting), path: 'engine.kafka.topic' });
  const ms = Number(settings.get('retention.ms') ?? -1);
  const bytes = settings.get('retention.bytes') ?? '-1';
  const policy = settings.get('cleanup.policy') ?? 'delete';
  return [
    ...(ms < 0 ? [] : [found(`keeps records for ${humanDuration(ms)}: what is not delivered by then is lost`, 'retention.ms=-1')]),
    ...(bytes === '-1' ? [] : [found(`keeps ${bytes} bytes of each partition: what is not delivered before that is full is lost`, 'retention.bytes=-1')]),
    ...(policy === 'delete' ? [] : [found(`has cleanup.policy=${policy}: of deliveries of a row only the last is kept`, 'cleanup.policy=delete')]),
  ];
}

function copiesFindings(topic: string, { copies, settings }: TopicFacts): Finding[] {
  if (copies < 2) return [warning({ code: 'kafka_copies', message: `topic ${topic} has one copy of each partition: a broker that is lost takes what Postgres was told is safe`, path: 'engine.kafka.topic' })];
  if (settings.get('min.insync.replicas') !== '1') return [];
  const fix = `kafka-configs.sh --alter --entity-type topics --entity-name ${topic} --add-config min.insync.replicas=2`;
  return [warning({ code: 'kafka_copies', message: `topic ${topic} has min.insync.replicas=1: one copy is enough for Postgres to be told that a change is safe`, fix, path: 'engine.kafka.topic' })];
}
