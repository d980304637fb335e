import type { KafkaClusterConfig } from '../../../src/config.ts';
import { KafkaClient } from '../../../src/kafka/cluster.ts';
import { fetchParts } from '../../../src/kafka/fetch-request.ts';
import { EARLIEST, LATEST, listOffsets } from '../../../src/kafka/offsets.ts';
import { readBatches } from '../../../src/kafka/read-batches.ts';
import { DeliveryReader } from '../../../src/engine/record.ts';
import type { TopicRecord } from './copies.ts';

/** What a topic of the engine holds now, read from its beginning: of each partition in the order of offsets. */
export async function topicRecords({ brokers, topic, partitions }: { readonly brokers: string[]; readonly topic: string; readonly partitions: number }): Promise<TopicRecord[]> {
  const cluster: KafkaClusterConfig = { brokers, tls: null, sasl: null };
  const client = new KafkaClient(cluster, { clientId: 'walhook-suite', requestTimeout: 10_000 });
  try {
    const parts = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
    const next = await listOffsets(client, parts, EARLIEST);
    const end = await listOffsets(client, parts, LATEST);
    const { brokers: nodes, topics } = await client.metadata([topic], true);
    const reader = new DeliveryReader();
    const found: TopicRecord[] = [];
    for (;;) {
      const left = parts.filter(({ partition }) => (next[partition] ?? 0n) < (end[partition] ?? 0n));
      if (left.length === 0) return found;
      const leader = nodes.get(topics.get(topic)?.partitions[left[0]?.partition ?? 0]?.leader ?? -1);
      if (leader === undefined) throw new Error(`${topic} has no leader`);
      const wanted = left.map((part) => ({ ...part, topicId: topics.get(topic)?.id ?? '', from: next[part.partition] ?? 0n }));
      for (const fetched of await fetchParts(client, leader, wanted)) {
        const { records, next: following } = readBatches({ ...fetched, from: fetched.wanted.from });
        next[fetched.wanted.partition] = following;
        for (const record of records) {
          const { delivery } = reader.read(record) ?? {};
          if (delivery !== undefined) found.push({ endpoint: delivery.request.endpoint, id: delivery.id, partition: fetched.wanted.partition, offset: record.offset, timestamp: record.timestamp });
        }
      }
    }
  } finally {
    client.close();
  }
}
