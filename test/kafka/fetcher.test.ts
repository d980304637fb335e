import type { ClusterMetadata, Connection, RecordsBatch } from '@platformatic/kafka';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Fetcher, type FetcherOptions } from '../../src/kafka/fetcher.ts';
import { pause } from '../../src/patience.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const NOT_LEADER = 6;
/** Of a broker, in milliseconds of virtual time. */
const LATENCY = 100;

type Client = FetcherOptions['client'];
/** As the library's Fetch is called. */
type FetchArguments = readonly [connection: { readonly broker: number }, wait: number, min: number, max: number, isolation: number, session: number, epoch: number, topics: readonly { readonly partitions: readonly { readonly partition: number; readonly fetchOffset: bigint }[] }[]];

/** A cluster of two brokers, of which the first leads the even partitions of topic `t`. Each fetch that is answered brings a record of each part. */
class Cluster {
  /** Of each fetch: the broker, and when. */
  readonly fetches: { readonly broker: number; readonly at: number }[] = [];
  /** Brokers whose fetches fail. */
  readonly down = new Set<number>();
  /** Partitions that say of themselves that they are led by others. */
  readonly moved = new Set<number>();
  asked = 0;
  readonly client: Client;

  constructor(partitions: number) {
    const metadata = {
      brokers: new Map([1, 2].map((id) => [id, { host: 'broker', port: id }])),
      topics: new Map([['t', { id: 'id-of-t', partitionsCount: partitions, partitions: Array.from({ length: partitions }, (_, index) => ({ leader: (index % 2) + 1 })) }]]),
    } as unknown as ClusterMetadata;
    const api = { version: 17, async: (...args: FetchArguments) => this.#fetch(...args) };
    this.client = {
      metadata: () => {
        this.asked++;
        return Promise.resolve(metadata);
      },
      connection: (broker) => Promise.resolve({ broker: broker?.port } as unknown as Connection),
      api: () => Promise.resolve(api as never),
      request: () => Promise.reject(new Error('not asked here')),
    };
  }

  async #fetch(...[{ broker }, , , , , , , topics]: FetchArguments): Promise<object> {
    this.fetches.push({ broker, at: performance.now() });
    if (this.down.has(broker)) throw new Error(`broker ${broker} is down`);
    await pause(LATENCY);
    const partitions = topics.flatMap((topic) => topic.partitions).map(({ partition, fetchOffset }) =>
      this.moved.has(partition) ? { partitionIndex: partition, errorCode: NOT_LEADER } : { partitionIndex: partition, errorCode: 0, records: [record(fetchOffset)] },
    );
    return { errorCode: 0, responses: [{ topicId: 'id-of-t', partitions }] };
  }
}

function record(firstOffset: bigint): RecordsBatch {
  return {
    firstOffset, length: 0, partitionLeaderEpoch: 0, magic: 2, crc: 0, attributes: 0, lastOffsetDelta: 0, firstTimestamp: 1n, maxTimestamp: 1n, producerId: -1n, producerEpoch: 0, firstSequence: 0,
    records: [{ length: 0, attributes: 0, timestampDelta: 0n, offsetDelta: 0, key: null, value: Buffer.from(''), headers: [] }],
  };
}

function fetching(partitions: number): { cluster: Cluster; fetcher: Fetcher; next: bigint[]; troubles: string[] } {
  const cluster = new Cluster(partitions);
  const next = Array.from({ length: partitions }, () => 0n);
  const troubles: string[] = [];
  const fetcher = new Fetcher({
    client: cluster.client,
    parts: next.map((_, partition) => ({ topic: 't', partition })),
    start: next,
    reader: (part, _, upTo) => void (next[part] = upTo),
    onLoss: () => undefined,
    onTrouble: (error) => troubles.push(error instanceof Error ? error.message : String(error)),
  });
  fetcher.run();
  return { cluster, fetcher, next, troubles };
}

test('each broker is read by itself, and all that it leads in one request', async () => {
  const { cluster, fetcher, next, troubles } = fetching(4);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(next).toEqual([10n, 10n, 10n, 10n]);
  expect([cluster.asked, cluster.fetches.length, troubles]).toEqual([1, 22, []]);
  fetcher.halt();
});

test('a broker that fails is left alone ever longer, and the other one goes on as before', async () => {
  const { cluster, fetcher, next, troubles } = fetching(4);
  await vi.advanceTimersByTimeAsync(1_000);
  cluster.down.add(2);
  const before = cluster.fetches.length;
  await vi.advanceTimersByTimeAsync(20_000);
  const since = cluster.fetches.slice(before).filter(({ broker }) => broker === 2);
  // Of the other, none is missing.
  expect([next[0], next[2]]).toEqual([210n, 210n]);
  // Doubled from 50 ms to 3 s, with jitter.
  expect(since.length).toBeGreaterThan(8);
  expect(since.length).toBeLessThan(25);
  expect(since.at(-1)?.at ?? 0).toBeGreaterThan(17_000);
  expect(new Set(troubles)).toEqual(new Set(['broker 2 is down']));
  cluster.down.clear();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(next[1]).toBeGreaterThan(20n);
  expect(troubles.at(-1)).toBe('null');
  expect(troubles.filter((trouble) => trouble === 'null')).toHaveLength(1);
  fetcher.halt();
});

test('a part that its broker does not lead any more rests by itself', async () => {
  const { cluster, fetcher, next, troubles } = fetching(4);
  cluster.moved.add(0);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(next.map(Number)).toEqual([0, 100, 100, 100]);
  expect(cluster.asked).toBeLessThan(15);
  expect(troubles.at(-1)).toBe('t/0: NOT_LEADER_OR_FOLLOWER');
  cluster.moved.clear();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(next[0]).toBeGreaterThan(10n);
  expect(troubles.at(-1)).toBe('null');
  fetcher.halt();
});

test('one that begins to fail while another rests is asked for at once', async () => {
  const { cluster, fetcher, next } = fetching(4);
  cluster.down.add(2);
  await vi.advanceTimersByTimeAsync(30_000);
  cluster.moved.add(0);
  await vi.advanceTimersByTimeAsync(110);
  const { asked } = cluster;
  cluster.moved.clear();
  await vi.advanceTimersByTimeAsync(200);
  expect(cluster.asked).toBeGreaterThan(asked);
  expect(next[0]).toBeGreaterThan(299n);
  fetcher.halt();
});

test('halted, it asks and says nothing more', async () => {
  const { cluster, fetcher, troubles } = fetching(2);
  cluster.down.add(1).add(2);
  await vi.advanceTimersByTimeAsync(1_000);
  fetcher.halt();
  const before = [cluster.asked, cluster.fetches.length, troubles.length];
  await vi.advanceTimersByTimeAsync(60_000);
  expect([cluster.asked, cluster.fetches.length, troubles.length]).toEqual(before);
  expect(vi.getTimerCount()).toBe(0);
});
