import type { Broker } from '@platformatic/kafka';
import type { Part } from '../engine/port.ts';
import type { KafkaClient } from './cluster.ts';

export const EARLIEST = -2n;
export const LATEST = -1n;

const READ_COMMITTED = 1;
const NO_REPLICA = -1;

/** Where each part begins or ends, in the order of `parts`. */
export async function listOffsets(client: Pick<KafkaClient, 'metadata' | 'request'>, parts: readonly Part[], which: typeof EARLIEST | typeof LATEST): Promise<bigint[]> {
  if (parts.length === 0) return [];
  const { brokers, topics } = await client.metadata([...new Set(parts.map(({ topic }) => topic))], true);
  const byLeader = Map.groupBy(parts, ({ topic, partition }) => topics.get(topic)?.partitions[partition]?.leader ?? -1);
  const found = new Map<string, bigint>();
  await Promise.all([...byLeader].map(async ([leader, led]) => {
    const broker: Broker | undefined = brokers.get(leader);
    if (broker === undefined) throw new Error('a partition has no leader at the moment');
    const wanted = byTopic(led, (partition) => ({ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: which }));
    const answer = await client.request('ListOffsets', broker, [NO_REPLICA, READ_COMMITTED, wanted]);
    for (const { name, partitions } of answer.topics) for (const { partitionIndex, offset } of partitions) found.set(`${name}/${partitionIndex}`, offset);
  }));
  return parts.map((part) => {
    const offset = found.get(`${part.topic}/${part.partition}`);
    if (offset === undefined || offset < 0n) throw new Error(`the offset of ${part.topic}/${part.partition} is not known`);
    return offset;
  });
}

/** What the group has committed for each part, in the order of `parts`; null: nothing. */
export async function committedOffsets(client: KafkaClient, coordinator: Broker, of: { readonly group: string; readonly parts: readonly Part[] }): Promise<(bigint | null)[]> {
  if (of.parts.length === 0) return [];
  const topics = byTopic(of.parts, (partition) => partition).map(({ name, partitions }) => ({ name, partitionIndexes: partitions }));
  const asked = [{ groupId: of.group, memberId: null, memberEpoch: -1, topics }];
  const answer = await client.request('OffsetFetch', coordinator, [asked, false]);
  // Before version 8 there is one group, and no list of groups.
  const found = new Map((answer.groups?.[0]?.topics ?? answer.topics ?? []).flatMap(({ name, partitions }) => partitions.map((each) => [`${name}/${each.partitionIndex}`, each.committedOffset] as const)));
  return of.parts.map(({ topic, partition }) => {
    const offset = found.get(`${topic}/${partition}`) ?? -1n;
    return offset < 0n ? null : offset;
  });
}

/** The parts as the protocol groups them. */
export function byTopic<T>(parts: readonly Part[], of: (partition: number, index: number) => T): { name: string; partitions: T[] }[] {
  const topics = new Map<string, T[]>();
  parts.forEach(({ topic, partition }, index) => {
    const partitions = topics.get(topic);
    if (partitions === undefined) topics.set(topic, [of(partition, index)]);
    else partitions.push(of(partition, index));
  });
  return [...topics].map(([name, partitions]) => ({ name, partitions }));
}
