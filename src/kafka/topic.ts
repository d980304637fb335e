import { findErrorBy } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { pause } from '../patience.ts';
import { KafkaClient } from './cluster.ts';
import { answered, kafkaFailure } from './failure.ts';

export interface TopicOptions {
  readonly topic: string;
  readonly partitions: number;
  /** Copies of each partition; null: the broker's default. */
  readonly replication: number | null;
  readonly clientId: string;
}

const TIMEOUT = 10_000;
/** How often it is looked whether a new topic is known everywhere, and how long one waits between, in milliseconds. */
const LOOKS = 50;
const BETWEEN = 100;

/**
 * Makes the topic unless it is there.
 * @returns whether it was made
 * @throws WalhookError `engine_partitions` if it is there with another count: a lane's partition would change, and its order with it;
 *   `kafka_…` as of kafkaFailure if the cluster cannot be asked or does not let us
 */
export async function ensureTopic(cluster: KafkaClusterConfig, options: TopicOptions): Promise<boolean> {
  const client = new KafkaClient(cluster, { clientId: options.clientId, requestTimeout: TIMEOUT });
  try {
    const found = await partitionCount(client, options.topic);
    if (found !== null) {
      checkCount(options, found);
      return false;
    }
    await create(client, options);
    for (let look = 0; look < LOOKS; look++) {
      const made = await partitionCount(client, options.topic);
      if (made !== null) {
        checkCount(options, made);
        return true;
      }
      await pause(BETWEEN);
    }
    throw new WalhookError(`topic ${options.topic} was made and is not to be seen`, { code: 'kafka_topic', reaction: 'retry', exit: EXIT.unavailable });
  } catch (error) {
    throw kafkaFailure(error, { cluster, what: `look for topic ${options.topic}` });
  } finally {
    client.close();
  }
}

/** Null: there is no such topic, or not yet. */
export async function partitionCount(client: KafkaClient, topic: string): Promise<number | null> {
  try {
    const metadata = await client.metadata([topic], true);
    return metadata.topics.get(topic)?.partitionsCount ?? null;
  } catch (error) {
    const missing = error instanceof Error && error.message === `Unknown topic ${topic}.`;
    if (missing || answered(error, 'UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE')) return null;
    throw error;
  }
}

async function create(client: KafkaClient, { topic, partitions, replication }: TopicOptions): Promise<void> {
  const { brokers, controllerId } = await client.metadata([], true);
  const wanted = { name: topic, numPartitions: partitions, replicationFactor: replication ?? -1, assignments: [], configs: [] };
  try {
    await client.request('CreateTopics', brokers.get(controllerId) ?? null, [[wanted], TIMEOUT, false]);
  } catch (error) {
    if (answered(error, 'TOPIC_ALREADY_EXISTS')) return;
    throw refusal(error, topic) ?? error;
  }
}

function refusal(error: unknown, topic: string): WalhookError | null {
  if (answered(error, 'TOPIC_AUTHORIZATION_FAILED', 'CLUSTER_AUTHORIZATION_FAILED')) {
    return new WalhookError(`topic ${topic} is not there, and the user may not create it`, {
      code: 'kafka_not_authorized', exit: EXIT.notPermitted, cause: error,
      hint: `Create it beforehand (kafka-topics --create --topic ${topic} --partitions …), or grant CREATE on it`,
    });
  }
  for (const id of ['INVALID_REPLICATION_FACTOR', 'INVALID_PARTITIONS', 'POLICY_VIOLATION', 'INVALID_TOPIC_EXCEPTION', 'INVALID_CONFIG']) {
    if (!answered(error, id)) continue;
    const said: unknown = error instanceof Error ? findErrorBy(error, 'apiId', id)?.['serverErrorMessage'] : null;
    return new WalhookError(`topic ${topic} cannot be made: ${typeof said === 'string' ? said : id}`, {
      code: 'kafka_topic', cause: error, hint: 'Change engine.kafka.partitions or engine.kafka.replication, or create the topic beforehand',
    });
  }
  return null;
}

function checkCount({ topic, partitions }: TopicOptions, found: number): void {
  if (found === partitions) return;
  throw new WalhookError(`topic ${topic} has ${found} partitions, and engine.kafka.partitions is ${partitions}`, {
    code: 'engine_partitions',
    exit: EXIT.badConfig,
    hint: `Set engine.kafka.partitions: ${found} if the topic always had as many. If it was altered, or another number is wanted: let it be delivered to its end, then name a new topic (engine.kafka.topic), or what is under way loses its order: docs/scale.md, Another number of partitions`,
  });
}
