import type { KafkaClusterConfig } from '../config.ts';
import type { EngineRecord, Parcel, Producer } from '../engine/port.ts';
import { PartitionSender, type SenderOptions } from './partition-sender.ts';

export interface ProducerOptions extends SenderOptions {
  /** As ensureTopic found or made them. */
  readonly partitions: number;
}

/** While one waits for the broker, another encodes: a broker answers the requests of a connection one after the other. */
const SENDERS = 2;

/** Opens a producer. Nothing is asked of the cluster before there is something to produce. */
export function openProducer(cluster: KafkaClusterConfig, options: ProducerOptions): Producer {
  return new KafkaProducer(cluster, options);
}

/** Deals the partitions to senders, each with connections of its own. */
class KafkaProducer implements Producer {
  readonly #senders: readonly PartitionSender[];
  readonly #partitions: number;

  constructor(cluster: KafkaClusterConfig, { partitions, ...options }: ProducerOptions) {
    this.#partitions = partitions;
    this.#senders = Array.from({ length: SENDERS }, () => new PartitionSender(cluster, options));
  }

  get problem(): string | null {
    return this.#senders.find(({ problem }) => problem !== null)?.problem ?? null;
  }

  add(record: EngineRecord, parcel: Parcel): void {
    const { partition } = record;
    const sender = this.#senders[partition % SENDERS];
    if (sender === undefined || partition >= this.#partitions) throw new Error(`no partition ${partition} of ${this.#partitions}`);
    sender.add(record, parcel);
  }

  close(): Promise<void> {
    for (const sender of this.#senders) sender.close();
    return Promise.resolve();
  }
}
