import { randomUUID } from 'node:crypto';
import { Admin, Consumer, stringDeserializers } from '@platformatic/kafka';
import { inject, onTestFinished } from 'vitest';
import type {} from '../support/provided.ts';

/** The broker of the run. Only in tests that are skipped where there is none. */
export function sharedBrokers(): readonly string[] {
  return inject('kafkaBrokers') ?? [];
}

/** A record as a consumer reads it. */
export interface ReadBack {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Makes a topic of its own name. */
export async function makeTopic(brokers: readonly string[], { partitions = 4, configs = {}, name = `t-${randomUUID()}` }: { readonly partitions?: number; readonly configs?: Readonly<Record<string, string>>; readonly name?: string } = {}): Promise<string> {
  const admin = new Admin({ clientId: 'test', bootstrapBrokers: [...brokers] });
  await admin.createTopics({ topics: [name], partitions, replicas: 1, configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })) });
  await admin.close();
  return name;
}

/** The first records of a topic, as they come; by partition in order. */
export async function readTopic(brokers: readonly string[], topic: string, count: number): Promise<ReadBack[]> {
  const consumer = new Consumer({ clientId: 'test', groupId: randomUUID(), bootstrapBrokers: [...brokers], deserializers: stringDeserializers });
  onTestFinished(() => consumer.close(true));
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false, maxWaitTime: 100 });
  const found: ReadBack[] = [];
  for await (const { partition, offset, key, value, headers } of stream) {
    found.push({ partition, offset, key, value, headers: Object.fromEntries(headers) });
    if (found.length >= count) break;
  }
  return found;
}
