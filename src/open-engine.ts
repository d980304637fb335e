import { hostname } from 'node:os';
import type { Config, KafkaClusterConfig } from './config.ts';
import type { GroupFacts, Group, Producer } from './engine/port.ts';
import type { EnginePlace } from './engine-place.ts';
import type { GroupOptions } from './kafka/group.ts';
import type { TopicFacts } from './kafka/topic-facts.ts';
import type { Role } from './role.ts';

/*
 * Kafka's code is loaded here alone, and only where the configuration has it: a process without `engine` pays nothing.
 */

/** The name by which the broker, the group and people know this process. */
export function clientId(role: Role): string {
  return `walhook-${role}-${hostname()}-${process.pid}`;
}

/** The tail's way to the engine, whose topic is there then; null without `engine`. @throws WalhookError as `ensureTopic` */
export async function openEngine(config: Config): Promise<Producer | null> {
  if (config.engine !== null) await ensureEngine(config.engine.kafka, 'tail');
  return (await producers(config))();
}

/** Opens as many ways to the engine as are asked for, one after the other; none without `engine`. */
export async function producers({ engine }: Config): Promise<() => Producer | null> {
  if (engine === null) return () => null;
  const { openProducer } = await import('./kafka/producer.ts');
  const { topic, partitions } = engine.kafka;
  return () => openProducer(engine.kafka, { topic, partitions, clientId: clientId('tail') });
}

/** Which cluster it is, as its brokers say. @throws WalhookError as of `kafkaFailure` */
export async function clusterOf(cluster: KafkaClusterConfig): Promise<string> {
  const { clusterId } = await import('./kafka/cluster-id.ts');
  return clusterId(cluster, clientId('all'));
}

/** Where the configuration has the engine; null without one. @throws WalhookError as of `kafkaFailure` */
export async function enginePlaceOf({ engine }: Config): Promise<EnginePlace | null> {
  return engine === null ? null : { cluster: await clusterOf(engine.kafka), topic: engine.kafka.topic };
}

/** Makes the engine's topic, if it is not there yet. */
export async function ensureEngine(kafka: NonNullable<Config['engine']>['kafka'], role: Role): Promise<void> {
  const { ensureTopic } = await import('./kafka/topic.ts');
  const { topic, partitions, replication } = kafka;
  await ensureTopic(kafka, { topic, partitions, replication, clientId: clientId(role) });
}

export async function joinGroup(options: GroupOptions): Promise<Group> {
  const group = await import('./kafka/group.ts');
  return group.joinGroup(options);
}

/** Asks how far the workers have come, or who reads the source where there is no engine; null without Kafka. */
export async function openEngineFacts({ engine, source: { kafka } }: Pick<Config, 'engine' | 'source'>): Promise<GroupFacts | null> {
  if (engine !== null) return openFacts(engine.kafka, { group: engine.kafka.group, topics: [engine.kafka.topic] });
  return kafka === null ? null : openFacts(kafka, kafka);
}

/** Who is in a group, by their client ids. @throws WalhookError if the cluster cannot be asked */
export async function groupMembers(cluster: KafkaClusterConfig, of: { readonly group: string; readonly topics: readonly string[] }): Promise<string[]> {
  const facts = await openFacts(cluster, of);
  try {
    return await facts.members();
  } finally {
    await facts.close();
  }
}

async function openFacts(cluster: KafkaClusterConfig, { group, topics }: { readonly group: string; readonly topics: readonly string[] }): Promise<GroupFacts> {
  const { openGroupFacts } = await import('./kafka/lag.ts');
  return openGroupFacts(cluster, { group, topics, clientId: clientId('all') });
}

/** What a topic is like now; null: it is not there, or the user may not see it. @throws WalhookError as of `kafkaFailure` */
export async function lookAtTopic(cluster: KafkaClusterConfig, topic: string): Promise<TopicFacts | null> {
  const { topicFacts } = await import('./kafka/topic-facts.ts');
  return topicFacts(cluster, { topic, clientId: clientId('all') });
}
