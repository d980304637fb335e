import { compatibilityPartitioner, type ProduceResult, Producer, stringSerializers } from '@platformatic/kafka';
import type { KafkaClusterConfig } from '../config.ts';
import type { BrokerGuard, RecordProducer, RecordResult, TopicRecord } from '../deliver/port.ts';
import { guardConnections, guardedTls } from './guarded-pool.ts';
import { errorName, isTooLarge, refusedBy } from './produce-failure.ts';
import { type Answers, answersIn, failureIn } from './produce-error.ts';
import { saslOptions } from './sasl.ts';

export interface RecordProducerOptions {
  /** The name by which people know the process at the broker. */
  readonly clientId: string;
  /** Milliseconds in which one produce is done, or given up by who asked for it. */
  readonly timeout: number;
}

/** Tries of one produce within its time, where the brokers may take it the next moment; and milliseconds between them. */
const TRIES = 4;
const BETWEEN = 100;
/** Milliseconds for which a topic's partitions are taken to be what they were. A leader that has changed is found by its refusal. */
const METADATA_AGE = 60_000;

/** Opens a producer. Nothing is asked of the cluster before there is something to produce. */
export function openRecordProducer(cluster: KafkaClusterConfig, guard: BrokerGuard, options: RecordProducerOptions): RecordProducer {
  return new GuardedProducer(cluster, guard, options);
}

interface Placed {
  readonly record: TopicRecord;
  /** Its place in what was asked for. */
  readonly index: number;
  readonly partition: number;
}

/** The library's producer: idempotent, so that a produce that it tries again after a lost answer is not written twice. */
class GuardedProducer implements RecordProducer {
  readonly #producer: Producer<string, string, string, string>;

  constructor(cluster: KafkaClusterConfig, guard: BrokerGuard, { clientId, timeout }: RecordProducerOptions) {
    this.#producer = new Producer({
      clientId,
      bootstrapBrokers: [...cluster.brokers],
      connectTimeout: timeout,
      requestTimeout: timeout,
      timeout,
      idempotent: true,
      retries: TRIES - 1,
      retryDelay: BETWEEN,
      metadataMaxAge: METADATA_AGE,
      // Whether a topic that is not there is made is for the brokers to say (auto.create.topics.enable).
      autocreateTopics: true,
      serializers: stringSerializers,
      ...guardedTls(guard, cluster.brokers),
      ...saslOptions(cluster.sasl),
    });
    guardConnections(this.#producer.connections, guard);
  }

  async produce(records: readonly TopicRecord[]): Promise<readonly RecordResult[]> {
    const results: RecordResult[] = records.map(() => UNKNOWN);
    const counts = await this.#partitionCounts(new Set(records.map(({ topic }) => topic)));
    const placed: Placed[] = [];
    for (const [index, record] of records.entries()) {
      const count = counts.get(record.topic);
      if (typeof count === 'number') placed.push({ record, index, partition: partitionOf(record, count) });
      else results[index] = count ?? refusedBy('UNKNOWN_TOPIC_OR_PARTITION');
    }
    for (const [index, result] of await this.#send(placed)) results[index] = result;
    return results;
  }

  close(): void {
    const sockets = [...this.#producer.connections].map(([, connection]) => connection.socket);
    this.#producer.close(true, () => undefined);
    // The library waits until all is written, which a broker that hangs may never let happen.
    for (const socket of sockets) socket?.destroy();
  }

  /** Each topic is asked for by itself: one that is not there must not stand for the others. */
  async #partitionCounts(topics: ReadonlySet<string>): Promise<Map<string, number | RecordResult>> {
    const asked = [...topics].map(async (topic): Promise<readonly [string, number | RecordResult]> => {
      try {
        const metadata = await this.#producer.metadata({ topics: [topic] });
        return [topic, metadata.topics.get(topic)?.partitionsCount ?? refusedBy('UNKNOWN_TOPIC_OR_PARTITION')];
      } catch (error) {
        return [topic, failureIn(error)];
      }
    });
    return new Map(await Promise.all(asked));
  }

  async #send(placed: readonly Placed[]): Promise<Map<number, RecordResult>> {
    if (placed.length === 0) return new Map();
    const messages = placed.map(({ record: { topic, key, value, headers }, partition }) => ({ topic, key, value, partition, headers: new Map(headers) }));
    try {
      return written(placed, basesOf(await this.#producer.send({ messages })));
    } catch (error) {
      const answers = answersIn(error);
      const results = new Map<number, RecordResult>();
      const again: Placed[] = [];
      for (const [place, those] of byPartition(placed)) {
        const result = this.#result(answers, place, error);
        if (typeof result === 'bigint') for (const [index, one] of written(those, new Map([[place, result]]))) results.set(index, one);
        else if (result === 'too large' && those.length > 1) again.push(...those);
        else for (const { index } of those) results.set(index, result === 'too large' ? refusedBy('MESSAGE_TOO_LARGE') : result);
      }
      // Together they are larger than the topic takes of one batch; each may be small enough.
      for (const one of again) for (const [index, result] of await this.#send([one])) results.set(index, result);
      return results;
    }
  }

  #result(answers: Answers, place: string, error: unknown): bigint | 'too large' | RecordResult {
    const base = answers.written.get(place);
    if (base !== undefined) return base;
    const code = answers.refused.get(place);
    if (code === undefined) return failureIn(error);
    const name = errorName(code);
    return isTooLarge(name) ? 'too large' : refusedBy(name);
  }
}

/** Of a record that no answer mentions. */
const UNKNOWN: RecordResult = { kind: 'unanswered', error: null };

/** As Kafka's own clients place a key, so that records of other producers with the same keys are beside these. */
function partitionOf({ topic, key }: TopicRecord, count: number): number {
  return compatibilityPartitioner({ topic }, Buffer.from(key)) % count;
}

function byPartition(placed: readonly Placed[]): Map<string, Placed[]> {
  const parts = new Map<string, Placed[]>();
  for (const one of placed) {
    const place = `${one.record.topic}:${one.partition}`;
    const those = parts.get(place);
    if (those === undefined) parts.set(place, [one]);
    else those.push(one);
  }
  return parts;
}

function basesOf({ offsets = [] }: ProduceResult): Map<string, bigint> {
  return new Map(offsets.map(({ topic, partition, offset }) => [`${topic}:${partition}`, offset]));
}

/** Offsets count on from the first of a partition's batch; -1: the broker has had it before, and has forgotten where. */
function written(placed: readonly Placed[], bases: ReadonlyMap<string, bigint>): Map<number, RecordResult> {
  const results = new Map<number, RecordResult>();
  for (const [place, those] of byPartition(placed)) {
    const base = bases.get(place) ?? -1n;
    for (const [nth, { index, partition }] of those.entries()) results.set(index, { kind: 'written', partition, offset: base < 0n ? null : base + BigInt(nth) });
  }
  return results;
}
