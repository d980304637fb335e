import { ConfigResourceTypes } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import { KafkaClient } from './cluster.ts';
import { kafkaFailure } from './failure.ts';
import { partitionCount } from './topic.ts';

/** A topic, as the cluster tells of it. */
export interface TopicFacts {
  readonly partitions: number;
  /** Copies of the partition that has the fewest. */
  readonly copies: number;
  /** `retention.ms`, `min.insync.replicas` and so on, as the broker writes them; empty where the user may not read them (DESCRIBE_CONFIGS). */
  readonly settings: ReadonlyMap<string, string>;
}

const TIMEOUT = 5_000;
const SETTINGS = ['cleanup.policy', 'min.insync.replicas', 'retention.bytes', 'retention.ms'];

/** Null: there is no such topic, or the user may not see it. Changes nothing. @throws WalhookError as of kafkaFailure */
export async function topicFacts(cluster: KafkaClusterConfig, { topic, clientId }: { readonly topic: string; readonly clientId: string }): Promise<TopicFacts | null> {
  const client = new KafkaClient(cluster, { clientId, requestTimeout: TIMEOUT });
  try {
    const partitions = await partitionCount(client, topic);
    if (partitions === null) return null;
    const found = (await client.metadata([topic], false)).topics.get(topic)?.partitions ?? [];
    return { partitions, copies: Math.min(...found.map(({ replicas }) => replicas.length)), settings: await settingsOf(client, topic) };
  } catch (error) {
    throw kafkaFailure(error, { cluster, what: `look at topic ${topic}` });
  } finally {
    client.close();
  }
}

/** It works without the right to read them: a refusal is no answer, and no failure. */
async function settingsOf(client: KafkaClient, topic: string): Promise<Map<string, string>> {
  try {
    const resource = { resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: SETTINGS };
    const { results } = await client.request('DescribeConfigs', null, [[resource]]);
    return new Map((results[0]?.configs ?? []).flatMap(({ name, value }) => (typeof value === 'string' ? [[name, value] as const] : [])));
  } catch {
    return new Map();
  }
}
