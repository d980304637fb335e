import type { Broker, fetchV17, RecordsBatch } from '@platformatic/kafka';
import type { KafkaClient } from './cluster.ts';

export interface Wanted {
  readonly topic: string;
  /** As the cluster's metadata has it. */
  readonly topicId: string;
  readonly partition: number;
  readonly from: bigint;
}

/** What came of one part; in the order of what was wanted, without those that nothing came of. */
export interface FetchedPart {
  readonly wanted: Wanted;
  readonly errorCode: number;
  readonly batches: readonly RecordsBatch[];
  readonly aborted: readonly { readonly producerId: bigint; readonly firstOffset: bigint }[];
}

/** Milliseconds that the broker waits for something to come. */
export const MAX_WAIT = 500;
const MIN_BYTES = 1;
/** Bytes of an answer, and of one part in it. */
const MAX_BYTES = 4_000_000;
const PART_BYTES = 1_000_000;
const READ_COMMITTED = 1;
/** No session: the request says all that it wants. https://cwiki.apache.org/confluence/x/WxSTB (KIP-227) */
const NO_SESSION = 0;
const NO_EPOCH = -1;
const UNKNOWN = -1;
/** Up to this version a topic goes by its name, then by its id. */
const BY_NAME = 12;

/** @throws the library's error if there is no answer; errors of single parts are given back */
export async function fetchParts(client: Pick<KafkaClient, 'connection' | 'api'>, broker: Broker, wanted: readonly Wanted[]): Promise<FetchedPart[]> {
  const connection = await client.connection(broker);
  const api = await client.api('Fetch');
  const idOf = ({ topic, topicId }: Wanted): string => (api.version <= BY_NAME ? topic : topicId);
  const byPart = new Map(wanted.map((part) => [`${idOf(part)}/${part.partition}`, part]));
  const topics = [...Map.groupBy(wanted, idOf)].map(([topicId, parts]) => ({
    topicId,
    partitions: parts.map(({ partition, from }) => ({ partition, currentLeaderEpoch: UNKNOWN, fetchOffset: from, lastFetchedEpoch: UNKNOWN, partitionMaxBytes: PART_BYTES })),
  }));
  const response = await answerOf(() => api.async(connection, MAX_WAIT, MIN_BYTES, MAX_BYTES, READ_COMMITTED, NO_SESSION, NO_EPOCH, topics, [], ''));
  return response.responses.flatMap(({ topicId, partitions }) => partitions.flatMap((each) => {
    const part = byPart.get(`${topicId}/${each.partitionIndex}`);
    return part === undefined ? [] : [{ wanted: part, errorCode: each.errorCode, batches: each.records ?? [], aborted: each.abortedTransactions ?? [] }];
  }));
}

/** An answer that has an error for one part is thrown by the library, with all else in it. */
async function answerOf(request: () => Promise<fetchV17.FetchResponse>): Promise<fetchV17.FetchResponse> {
  try {
    return await request();
  } catch (error) {
    const { response } = error as { response?: fetchV17.FetchResponse };
    if (response === undefined || response.errorCode !== 0) throw error;
    return response;
  }
}
