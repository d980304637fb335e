import { onTestFinished } from 'vitest';
import type { KafkaClusterConfig } from '../../src/config.ts';
import type { EngineRecord, Group, Producer } from '../../src/engine/port.ts';
import { type GroupOptions, joinGroup } from '../../src/kafka/group.ts';
import { openProducer } from '../../src/kafka/producer.ts';

export function cluster(brokers: readonly string[], changes: Partial<KafkaClusterConfig> = {}): KafkaClusterConfig {
  return { brokers, tls: null, sasl: null, ...changes };
}

export const record = (partition: number, value: string): EngineRecord => ({ partition, key: String(partition), value, header: '{}' });

/** A producer that is waited for. */
export class AwaitedProducer {
  readonly #producer: Producer;

  constructor(producer: Producer) {
    this.#producer = producer;
  }

  get problem(): string | null {
    return this.#producer.problem;
  }

  /** Resolves once the broker has them, with the values of those that it does not take. */
  produce(records: readonly EngineRecord[]): Promise<string[]> {
    const { promise, resolve } = Promise.withResolvers<string[]>();
    const tooLarge: string[] = [];
    let left = records.length;
    const told = (): void => {
      if (--left === 0) resolve(tooLarge);
    };
    for (const each of records) {
      this.#producer.add(each, {
        taken: told,
        tooLarge: ({ value }) => {
          tooLarge.push(value);
          told();
        },
      });
    }
    return promise;
  }

  close(): Promise<void> {
    return this.#producer.close();
  }
}

/** Closed when the test has finished. */
export async function producerOf(brokers: readonly string[], topic: string, partitions: number): Promise<AwaitedProducer> {
  const producer = new AwaitedProducer(openProducer(cluster(brokers), { topic, partitions, clientId: 'tail' }));
  onTestFinished(() => producer.close());
  return producer;
}

/** A member with a session of 3 s, which leaves when the test has finished. */
export function memberOf(options: Pick<GroupOptions, 'cluster' | 'group' | 'topics' | 'member'> & Partial<GroupOptions>): Group {
  const group = joinGroup({ clientId: 'worker', session: 3000, patience: 2000, from: 'earliest', exclusive: false, onLoss: () => {}, ...options });
  onTestFinished(() => group.leave());
  return group;
}
