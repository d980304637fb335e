import type { KafkaClusterConfig } from '../config.ts';
import type { GroupFacts, GroupLag } from '../engine/port.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import { KafkaClient } from './cluster.ts';
import { Coordinator } from './coordinator.ts';
import { answered, kafkaFailure } from './failure.ts';
import { committedOffsets, EARLIEST, LATEST, listOffsets } from './offsets.ts';
import { partsOf } from './seat.ts';

export interface GroupFactsOptions {
  readonly group: string;
  readonly topics: readonly string[];
  readonly clientId: string;
}

const TIMEOUT = 5_000;
/** What brokers answer while a cluster's first group, a topic, or a broker that came back is getting ready. */
const FORMING = ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS', 'NOT_COORDINATOR', 'NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_TOPIC_OR_PARTITION'];

/** Opens what asks how far a group has come. */
export function openGroupFacts(cluster: KafkaClusterConfig, options: GroupFactsOptions): GroupFacts {
  const { group, topics, clientId } = options;
  const client = new KafkaClient(cluster, { clientId, requestTimeout: TIMEOUT });
  const coordinator = new Coordinator(client, group);
  const ask = async (): Promise<GroupLag[]> => {
    const metadata = await client.metadata(topics, true);
    const parts = topics.flatMap((topic) => Array.from({ length: metadata.topics.get(topic)?.partitionsCount ?? 0 }, (_, partition) => ({ topic, partition })));
    const [committed, start, end, workers] = await Promise.all([
      coordinator.ask((broker) => committedOffsets(client, broker, { group, parts }), TIMEOUT),
      listOffsets(client, parts, EARLIEST),
      listOffsets(client, parts, LATEST),
      readersOf(coordinator, group),
    ]);
    return parts.map((part, index) => ({ ...part, worker: workers.get(`${part.topic}/${part.partition}`) ?? null, committed: committed[index] ?? null, start: start[index] ?? 0n, end: end[index] ?? 0n }));
  };
  const patiently = async <T>(question: () => Promise<T>, what: string): Promise<T> => {
    const until = performance.now() + TIMEOUT;
    for (let failures = 1; ; failures++) {
      try {
        return await question();
      } catch (error) {
        if (!answered(error, ...FORMING) || performance.now() > until) throw kafkaFailure(error, { cluster, what });
        await pause(backoff(failures));
      }
    }
  };
  return {
    lag: () => patiently(ask, `ask how far group ${group} has come`),
    members: () => patiently(async () => (await membersOf(coordinator, group)).map(({ clientId: name }) => name), `ask who is in group ${group}`),
    close(): Promise<void> {
      client.close();
      return Promise.resolve();
    },
  };
}

/** Who reads each part, by its client id. While the group is dealt anew nobody does. */
async function readersOf(coordinator: Coordinator, group: string): Promise<Map<string, string>> {
  return new Map((await membersOf(coordinator, group)).flatMap(({ clientId, memberAssignment }) => partsOf(memberAssignment).map(({ topic, partition }) => [`${topic}/${partition}`, clientId] as const)));
}

async function membersOf(coordinator: Coordinator, group: string) {
  const { groups } = await coordinator.request('DescribeGroups', [[group], false], TIMEOUT);
  return groups[0]?.members ?? [];
}
