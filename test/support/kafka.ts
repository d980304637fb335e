import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Admin, ConfigResourceTypes, IncrementalAlterConfigOperationTypes } from '@platformatic/kafka';
import { describe, inject, onTestFinished } from 'vitest';
import { inTime } from '../../src/patience.ts';
import { type BrokerOptions, KafkaBroker } from './kafka/broker.ts';
import type {} from './provided.ts';

export { BROKER_CERTIFICATE, brokerCertificate, type BrokerOptions, KafkaBroker } from './kafka/broker.ts';
export { USER as KAFKA_USER } from './kafka/settings.ts';

/** `describe` of what needs a broker: skipped where the run has none, which it has said then. */
// Skipped only where no broker can be had (no Java, no Maven, no network), as issue 8 asks: global-setup.ts says so, and why.
export const describeKafka: (name: string, body: () => void) => void = inject('kafkaBrokers') === null ? describe.skip : describe;

/** Topics and groups of one test (or, made in `beforeAll`, of a file) on a broker. */
export interface KafkaScope {
  /** For clients: `host:port`. */
  readonly brokers: string[];
  /** A name nobody else has, for a group or for a topic that the code under test makes. */
  readonly name: (prefix?: string) => string;
  /** Makes a topic of such a name. Resolves once it can be used. */
  readonly topic: (partitions: number, configs?: Readonly<Record<string, string>>) => Promise<string>;
  /** Sets a topic's configs, as operators do: `max.message.bytes`, `retention.ms`. */
  readonly configure: (topic: string, configs: Readonly<Record<string, string>>) => Promise<void>;
  /** Records that a topic has, of each partition: the offset that is next. */
  readonly ends: (topic: string) => Promise<bigint[]>;
  readonly admin: Admin;
  /** Deletes the topics that it made, and ends its connections. Called by itself if made within a test. */
  readonly close: () => Promise<void>;
}

/** The run's broker. Within a test it closes by itself when that has finished; else `close()` in `afterAll`. */
export function kafka(): KafkaScope {
  const brokers = inject('kafkaBrokers');
  if (brokers === null) throw new Error('the run has no Kafka broker: this is for describeKafka');
  return kafkaScope(brokers);
}

/** A broker of a test's own, which is gone when the test has finished. `secure: true` gives SASL and TLS listeners as well. */
export async function ownKafka(options: BrokerOptions = {}): Promise<KafkaBroker & { readonly scope: KafkaScope }> {
  const broker = await KafkaBroker.start(options);
  onTestFinished(() => broker.stop());
  return Object.assign(broker, { scope: kafkaScope(broker.brokers) });
}

/** The same on any broker; closing never fails, for that broker may be gone. */
export function kafkaScope(brokers: string[]): KafkaScope {
  const admin = new Admin({ clientId: 'walhook-test', bootstrapBrokers: brokers, retries: 20, retryDelay: 100, metadataMaxAge: 0 });
  const made: string[] = [];
  const name = (prefix = 'test'): string => `${prefix}-${randomBytes(6).toString('hex')}`;
  let closed: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    if (made.length > 0) await inTime(admin.deleteTopics({ topics: made }), 1000).catch(() => undefined);
    await admin.close().catch(() => undefined);
  };
  const ends = async (topic: string): Promise<bigint[]> => {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: true });
    const count = metadata.topics.get(topic)?.partitionsCount ?? 0;
    const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }));
    const [listed] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return (listed?.partitions ?? []).toSorted((a, b) => a.partitionIndex - b.partitionIndex).map(({ offset }) => offset);
  };
  const scope: KafkaScope = {
    brokers,
    name,
    admin,
    topic: async (partitions, configs = {}) => {
      const topic = name('topic');
      await admin.createTopics({ topics: [topic], partitions, replicas: 1, configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })) });
      made.push(topic);
      await untilTrue(async () => (await ends(topic)).length === partitions);
      return topic;
    },
    configure: async (topic, configs) => {
      const changes = Object.entries(configs).map(([key, value]) => ({ name: key, value, configOperation: IncrementalAlterConfigOperationTypes.SET }));
      await admin.incrementalAlterConfigs({ resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configs: changes }] });
      await untilTrue(async () => {
        const [described] = await admin.describeConfigs({ resources: [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: topic, configurationKeys: Object.keys(configs) }] });
        return (described?.configs ?? []).every(({ name: key, value }) => configs[key] === value);
      });
      await pause(100); // what it says that it knows, it obeys a moment later
    },
    ends,
    close: () => (closed ??= close()),
  };
  try {
    onTestFinished(scope.close);
  } catch {
    // not within a test
  }
  return scope;
}

/** An error counts as not yet. */
async function untilTrue(asked: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 10_000; ; ) {
    if (await asked().catch(() => false)) return;
    if (performance.now() > deadline) throw new Error('the broker has not done as it was told for 10 s');
    await pause(10);
  }
}
