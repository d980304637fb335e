import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/support/free-port.ts';
import type { KafkaClusterConfig } from '../../src/config.ts';
import type { GroupFacts, GroupLag } from '../../src/engine/port.ts';
import { KafkaClient } from '../../src/kafka/cluster.ts';
import { LATEST, listOffsets } from '../../src/kafka/offsets.ts';
import { openGroupFacts } from '../../src/kafka/lag.ts';
import { ensureTopic } from '../../src/kafka/topic.ts';
import type { Role } from '../../src/role.ts';
import type { WalhookProcess } from '../process/walhook.ts';
import type { Suite } from '../suite.ts';
import type { WalhookConfig } from '../walhook-config.ts';
import type { Kafka } from './kafka.ts';

export interface FleetOptions {
  readonly suite: Suite;
  readonly kafka: Kafka;
  readonly config: WalhookConfig;
  /** Default: one that nobody has. */
  readonly topic?: string;
}

/** As many as the documentation recommends to begin with. */
export const PARTITIONS = 24;
/** Milliseconds until the broker gives no answer any more. */
const PATIENCE = 10_000;
const LOOKS = 100;

/** Tails and workers of one configuration, each a process of its own, with a topic between them and a group of their own. */
export class Fleet {
  readonly topic: string;
  readonly #suite: Suite;
  readonly #data: object;
  readonly #cluster: KafkaClusterConfig;
  readonly #facts: GroupFacts;
  readonly #client: KafkaClient;
  #made: Promise<void> | null = null;

  constructor({ suite, kafka, config, topic = kafka.name() }: FleetOptions) {
    this.#suite = suite;
    this.topic = topic;
    const group = kafka.name();
    const { brokers } = kafka;
    this.#data = { ...config.data, engine: { kafka: { brokers, topic, group, partitions: PARTITIONS } } };
    const cluster = { brokers, tls: null, sasl: null };
    this.#cluster = cluster;
    this.#facts = openGroupFacts(cluster, { group, topics: [topic], clientId: 'walhook-bench' });
    this.#client = new KafkaClient(cluster, { clientId: 'walhook-bench', requestTimeout: PATIENCE });
  }

  /** Resolves when it streams, stands by, or has its partitions. */
  async start(role: Role): Promise<WalhookProcess> {
    const process = await this.launch(role);
    await process.ready();
    return process;
  }

  /** The same, without waiting for that. */
  async launch(role: Role): Promise<WalhookProcess> {
    await (this.#made ??= this.#make());
    const port = await freePort();
    return this.#suite.walhook({ config: { ...this.#data, server: { listen: `127.0.0.1:${port}` } }, port, role });
  }

  lag(): Promise<GroupLag[]> {
    return this.#facts.lag();
  }

  /** How many records the topic has. */
  async produced(): Promise<number> {
    const parts = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: this.topic, partition }));
    const ends = await listOffsets(this.#client, parts, LATEST);
    return ends.reduce((sum, end) => sum + Number(end), 0);
  }

  /** The topic, all of whose partitions are served before anything is measured. */
  async #make(): Promise<void> {
    await ensureTopic(this.#cluster, { topic: this.topic, partitions: PARTITIONS, replication: null, clientId: 'walhook-bench' });
    for (let look = 0; look < LOOKS; look++) {
      const isServed = await this.produced().then(() => true, () => false);
      if (isServed) return;
      await sleep(PATIENCE / LOOKS);
    }
    throw new Error(`the broker does not serve topic ${this.topic}`);
  }

  close(): Promise<void> {
    this.#client.close();
    return this.#facts.close();
  }
}
