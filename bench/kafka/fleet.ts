import { freePort } from '../../test/support/free-port.ts';
import type { GroupFacts, GroupLag } from '../../src/engine/port.ts';
import { openGroupFacts } from '../../src/kafka/lag.ts';
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

/** Tails and workers of one configuration, each a process of its own, with a topic between them and a group of their own. */
export class Fleet {
  readonly topic: string;
  readonly #suite: Suite;
  readonly #data: object;
  readonly #facts: GroupFacts;

  constructor({ suite, kafka, config, topic = kafka.name() }: FleetOptions) {
    this.#suite = suite;
    this.topic = topic;
    const group = kafka.name();
    const { brokers } = kafka;
    this.#data = { ...config.data, engine: { kafka: { brokers, topic, group, partitions: PARTITIONS } } };
    this.#facts = openGroupFacts({ brokers, tls: null, sasl: null }, { group, topics: [topic], clientId: 'walhook-bench' });
  }

  /** Resolves when it streams, stands by, or has its partitions. */
  async start(role: Role): Promise<WalhookProcess> {
    const process = await this.launch(role);
    await process.ready();
    return process;
  }

  /** The same, without waiting for that. */
  async launch(role: Role): Promise<WalhookProcess> {
    const port = await freePort();
    return this.#suite.walhook({ config: { ...this.#data, server: { listen: `127.0.0.1:${port}` } }, port, role });
  }

  lag(): Promise<GroupLag[]> {
    return this.#facts.lag();
  }

  /** How many records the topic has. */
  async produced(): Promise<number> {
    const parts = await this.lag();
    return parts.reduce((sum, { end }) => sum + Number(end), 0);
  }

  close(): Promise<void> {
    return this.#facts.close();
  }
}
