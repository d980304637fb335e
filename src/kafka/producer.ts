import { type ClusterMetadata, protocolErrorsCodesById } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import type { EngineRecord, Producer } from '../engine/port.ts';
import { TooLarge } from '../engine/too-large.ts';
import { WalhookError } from '../errors.ts';
import { pause } from '../patience.ts';
import { backoff } from './backoff.ts';
import { Backlog, type Batch } from './backlog.ts';
import { stampBatch } from './batch.ts';
import { KafkaClient } from './cluster.ts';
import { kafkaFailure } from './failure.ts';
import { type PartitionOutcome, sendBatches } from './produce-request.ts';

export interface ProducerOptions {
  readonly topic: string;
  /** As ensureTopic found or made them. */
  readonly partitions: number;
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

/** Opens a producer. Nothing is asked of the cluster before there is something to produce. */
export function openProducer(cluster: KafkaClusterConfig, options: ProducerOptions): Promise<Producer> {
  return Promise.resolve(new KafkaProducer(cluster, options));
}

/**
 * One batch for each partition is under way at a time. It keeps its sequence number until the broker has it, however often it is sent: so the
 * broker knows one that comes again, from whichever connection, and refuses one that comes late.
 */
class KafkaProducer implements Producer {
  readonly #cluster: KafkaClusterConfig;
  readonly #options: ProducerOptions;
  readonly #client: KafkaClient;
  readonly #closing = new AbortController();
  readonly #sequences = new Map<number, number>();
  /** Whose stamp the batch has. */
  readonly #stamped = new WeakMap<Batch, bigint>();
  #identity: { readonly producerId: bigint; readonly epoch: number } | null = null;
  #limit = BATCH;
  #busy = false;
  /** Since when nothing has got through, by performance.now(); null while there is nothing to do. */
  #since: number | null = null;
  #failure: WalhookError | null = null;

  constructor(cluster: KafkaClusterConfig, options: ProducerOptions) {
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

  async produce(records: readonly EngineRecord[]): Promise<void> {
    if (this.#busy) throw new Error('one produce at a time: what comes second could overtake');
    const stray = records.find(({ partition }) => !(partition >= 0 && partition < this.#options.partitions));
    if (stray !== undefined) throw new Error(`no partition ${stray.partition} of ${this.#options.partitions}`);
    this.#busy = true;
    this.#since = performance.now();
    try {
      await this.#all(new Backlog(records));
    } finally {
      this.#busy = false;
      this.#since = null;
      this.#failure = null;
    }
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#client.close();
    return Promise.resolve();
  }

  get #what(): string {
    return `produce to topic ${this.#options.topic}`;
  }

  async #all(backlog: Backlog): Promise<void> {
    const large: number[] = [];
    let failures = 0;
    for (let heads = backlog.heads(this.#limit, REQUEST); heads.length > 0; heads = backlog.heads(this.#limit, REQUEST)) {
      if (this.#closing.signal.aborted) throw this.#closed();
      const trouble = await this.#round(backlog, heads, { fresh: failures > 0, large });
      if (trouble === null) {
        failures = 0;
        this.#since = performance.now();
        this.#failure = null;
        continue;
      }
      this.#failure = kafkaFailure(trouble, { cluster: this.#cluster, what: this.#what });
      await pause(backoff(++failures), this.#closing.signal);
    }
    if (large.length > 0) throw new TooLarge(large.toSorted((a, b) => a - b), this.#options.topic);
  }

  /** Sends the heads to the leaders of their partitions. Gives why some of it has to be tried again, or null. */
  async #round(backlog: Backlog, heads: readonly Batch[], { fresh, large }: { readonly fresh: boolean; readonly large: number[] }): Promise<unknown> {
    try {
      const metadata = await this.#client.metadata([this.#options.topic], fresh);
      this.#identity ??= await this.#introduce();
      for (const head of heads) this.#stamp(head);
      const sent = [...byLeader(heads, metadata, this.#options.topic)].map(([leader, batches]) => this.#send(metadata, leader, batches));
      const outcomes = new Map((await Promise.all(sent)).flat().map((outcome) => [outcome.partition, outcome]));
      let trouble: unknown = null;
      for (const head of heads) trouble = this.#settle(backlog, head, { outcome: outcomes.get(head.partition), large }) ?? trouble;
      return trouble;
    } catch (error) {
      return error;
    }
  }

  async #send(metadata: ClusterMetadata, leader: number, batches: readonly Batch[]): Promise<(PartitionOutcome | Failed)[]> {
    const broker = metadata.brokers.get(leader);
    try {
      if (broker === undefined) throw new Error('a partition has no leader at the moment');
      return await sendBatches(this.#client, broker, { topic: this.#options.topic, batches, timeout: REPLICAS });
    } catch (error) {
      return batches.map(({ partition }) => ({ partition, error }));
    }
  }

  #settle(backlog: Backlog, head: Batch, { outcome, large }: { readonly outcome: PartitionOutcome | Failed | undefined; readonly large: number[] }): unknown {
    if (outcome === undefined) return new Error('the broker did not say how it went');
    if ('error' in outcome) return outcome.error;
    const { errorCode } = outcome;
    if (errorCode === 0 || errorCode === THERE_ALREADY) {
      this.#sequences.set(head.partition, (this.#sequence(head.partition) + head.indexes.length) % SEQUENCES);
      backlog.done(head);
      return null;
    }
    if (TOO_LARGE.has(errorCode)) {
      if (head.indexes.length === 1) {
        large.push(...head.indexes);
        backlog.done(head);
      } else {
        this.#limit = Math.min(this.#limit, Math.floor(head.bytes.length / 2));
        backlog.undo(head);
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
    this.#sequences.clear();
    return { producerId, epoch: producerEpoch };
  }

  #stamp(batch: Batch): void {
    const identity = this.#identity;
    if (identity === null || this.#stamped.get(batch) === identity.producerId) return;
    stampBatch(batch.bytes, { ...identity, sequence: this.#sequence(batch.partition) });
    this.#stamped.set(batch, identity.producerId);
  }

  #sequence(partition: number): number {
    return this.#sequences.get(partition) ?? 0;
  }

  #closed(): WalhookError {
    return new WalhookError(`the producer of topic ${this.#options.topic} is closed`, { code: 'closed' });
  }
}

/** A batch whose fate is not known. */
interface Failed {
  readonly partition: number;
  readonly error: unknown;
}

function byLeader(heads: readonly Batch[], metadata: ClusterMetadata, topic: string): Map<number, Batch[]> {
  const partitions = metadata.topics.get(topic)?.partitions ?? [];
  const leaders = new Map<number, Batch[]>();
  for (const head of heads) {
    const leader = partitions[head.partition]?.leader ?? -1;
    const batches = leaders.get(leader);
    if (batches === undefined) leaders.set(leader, [head]);
    else batches.push(head);
  }
  return leaders;
}
