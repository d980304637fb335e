import { type ClusterMetadata, protocolErrorsCodesById } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import type { EngineRecord, Parcel } from '../engine/port.ts';
import { TooLarge } from '../engine/too-large.ts';
import type { WalhookError } from '../errors.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import type { Batch } from './batch.ts';
import { KafkaClient } from './cluster.ts';
import { kafkaFailure } from './failure.ts';
import { PartitionQueue } from './partition-queue.ts';
import { type PartitionOutcome, sendBatches } from './produce-request.ts';

export interface SenderOptions {
  readonly topic: string;
  readonly clientId: string;
}

/** Milliseconds: what the broker may wait for its replicas, and what is waited for the broker. */
const REPLICAS = 5_000;
const ANSWER = 10_000;
/** Bytes of a batch at first: below the broker's default for message.max.bytes. Halved whenever the broker finds it too large. */
const BATCH = 900_000;
/** Bytes of a request, well below the broker's socket.request.max.bytes. */
const REQUEST = 8_000_000;
/** After this many milliseconds without an answer there is a problem. */
const PATIENT = 2_000;
const SEQUENCES = 2 ** 31;

/** Errors of the protocol, by number: https://kafka.apache.org/protocol.html#protocol_error_codes */
const TOO_LARGE = new Set([10, 18]);
const STRANGER = new Set([45, 47, 59, 90]);
const THERE_ALREADY = 46;

/**
 * Has the broker take the records of some partitions: one batch of each is under way at a time. It keeps its sequence number until the broker has it,
 * however often it is sent, so the broker knows one that comes again, from whichever connection, and refuses one that comes late.
 */
export class PartitionSender {
  readonly #cluster: KafkaClusterConfig;
  readonly #options: SenderOptions;
  readonly #client: KafkaClient;
  readonly #closing = new AbortController();
  readonly #queues = new Map<number, PartitionQueue>();
  #identity: { readonly producerId: bigint; readonly epoch: number } | null = null;
  #limit = BATCH;
  #isBusy = false;
  /** Since when nothing has got through, by performance.now(); null while there is nothing to do. */
  #since: number | null = null;
  #failure: WalhookError | null = null;

  constructor(cluster: KafkaClusterConfig, options: SenderOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#client = new KafkaClient(cluster, { clientId: options.clientId, requestTimeout: ANSWER });
  }

  get problem(): string | null {
    if (this.#since === null) return null;
    const ms = performance.now() - this.#since;
    if (ms < PATIENT) return null;
    return this.#failure?.message ?? `cannot ${this.#what}: ${this.#cluster.brokers.join(', ')} has not answered for ${Math.round(ms / 1000)} s`;
  }

  add(record: EngineRecord, parcel: Parcel): void {
    this.#queue(record.partition).add(record, parcel, this.#limit);
    if (this.#isBusy) return;
    this.#isBusy = true;
    this.#since = performance.now();
    // What else the same read of the socket brings goes with it.
    setImmediate(() => void this.#work());
  }

  close(): void {
    this.#closing.abort();
    this.#client.close();
  }

  get #what(): string {
    return `produce to topic ${this.#options.topic}`;
  }

  async #work(): Promise<void> {
    let failures = 0;
    for (let heads = this.#heads(); heads.length > 0; heads = this.#heads()) {
      const outcomes = await this.#send(heads, failures > 0);
      if (this.#closing.signal.aborted) return;
      let trouble: unknown = null;
      for (const head of heads) trouble = this.#settle(head, outcomes.get(head.partition)) ?? trouble;
      if (trouble === null) {
        failures = 0;
        this.#since = performance.now();
        this.#failure = null;
        continue;
      }
      this.#failure = kafkaFailure(trouble, { cluster: this.#cluster, what: this.#what });
      await pause(backoff(++failures), this.#closing.signal);
      if (this.#closing.signal.aborted) return;
    }
    this.#isBusy = false;
    this.#since = null;
    this.#failure = null;
  }

  /** The first batch of each partition that has one, up to the size of a request. */
  #heads(): Batch[] {
    const heads: Batch[] = [];
    let bytes = 0;
    for (const queue of this.#queues.values()) {
      const head = queue.head();
      if (head === null) continue;
      bytes += head.bytes.length;
      if (heads.length > 0 && bytes > REQUEST) break;
      heads.push(head);
    }
    // They are the last the next time, so that each has its turn.
    for (const { partition } of heads) {
      const queue = this.#queue(partition);
      this.#queues.delete(partition);
      this.#queues.set(partition, queue);
    }
    return heads;
  }

  /** Sends the heads to the leaders of their partitions. Gives how it went, by partition. */
  async #send(heads: readonly Batch[], isAgain: boolean): Promise<Map<number, PartitionOutcome | Failed>> {
    try {
      const metadata = await this.#client.metadata([this.#options.topic], isAgain);
      this.#identity ??= await this.#introduce();
      for (const head of heads) head.stamp({ ...this.#identity, sequence: this.#queue(head.partition).sequence });
      const sent = [...byLeader(heads, metadata, this.#options.topic)].map(([leader, batches]) => this.#sendTo(metadata, leader, batches));
      return byPartition((await Promise.all(sent)).flat());
    } catch (error) {
      return byPartition(failedWith(error, heads));
    }
  }

  async #sendTo(metadata: ClusterMetadata, leader: number, batches: readonly Batch[]): Promise<(PartitionOutcome | Failed)[]> {
    const broker = metadata.brokers.get(leader);
    try {
      if (broker === undefined) throw new Error('a partition has no leader at the moment');
      return await sendBatches(this.#client, broker, { topic: this.#options.topic, batches, timeout: REPLICAS });
    } catch (error) {
      return failedWith(error, batches);
    }
  }

  /** Gives why the head has to be sent again, or null. */
  #settle(head: Batch, outcome: PartitionOutcome | Failed | undefined): unknown {
    if (outcome === undefined) return new Error('the broker did not say how it went');
    if ('error' in outcome) return outcome.error;
    const { errorCode } = outcome;
    const queue = this.#queue(head.partition);
    if (errorCode === 0 || errorCode === THERE_ALREADY) {
      queue.sequence = (queue.sequence + head.count) % SEQUENCES;
      queue.done();
      for (const parcel of head.parcels) parcel.taken();
      return null;
    }
    if (TOO_LARGE.has(errorCode)) {
      const [record, ...more] = head.records();
      if (more.length === 0) {
        queue.done();
        if (record !== undefined) head.parcels[0]?.tooLarge(record, new TooLarge(this.#options.topic));
      } else {
        this.#limit = Math.min(this.#limit, Math.floor(head.bytes.length / 2));
        queue.split(this.#limit);
      }
      return null;
    }
    // The broker has forgotten the producer, or holds another for it: it begins anew, under a new name.
    if (STRANGER.has(errorCode)) this.#identity = null;
    return new Error(`${protocolErrorsCodesById[errorCode] ?? errorCode}${outcome.message === null ? '' : `: ${outcome.message}`}`);
  }

  /** Has the broker give a producer id, under which all partitions count from 0. */
  async #introduce(): Promise<{ readonly producerId: bigint; readonly epoch: number }> {
    const { producerId, producerEpoch } = await this.#client.request('InitProducerId', null, [null, ANSWER, -1n, -1]);
    for (const queue of this.#queues.values()) queue.sequence = 0;
    return { producerId, epoch: producerEpoch };
  }

  #queue(partition: number): PartitionQueue {
    let queue = this.#queues.get(partition);
    if (queue === undefined) {
      queue = new PartitionQueue(partition);
      this.#queues.set(partition, queue);
    }
    return queue;
  }
}

/** A batch whose fate is not known. */
interface Failed {
  readonly partition: number;
  readonly error: unknown;
}

function failedWith(error: unknown, batches: readonly Batch[]): Failed[] {
  return batches.map(({ partition }) => ({ partition, error }));
}

function byPartition<Outcome extends { readonly partition: number }>(outcomes: readonly Outcome[]): Map<number, Outcome> {
  return new Map(outcomes.map((outcome) => [outcome.partition, outcome]));
}

function byLeader(heads: readonly Batch[], metadata: ClusterMetadata, topic: string): Map<number, Batch[]> {
  const partitions = metadata.topics.get(topic)?.partitions ?? [];
  return Map.groupBy(heads, ({ partition }) => partitions[partition]?.leader ?? -1);
}
