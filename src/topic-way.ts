import type { Config, KafkaSourceConfig } from './config.ts';
import type { Assignment, Producer } from './engine/port.ts';
import type { Enriching } from './enriching.ts';
import { outletOf } from './outlet-of.ts';
import type { Stages, Way, Wiring } from './record-stages.ts';
import { TopicReading, topicTables } from './topic-reading.ts';

export interface TopicWayOptions {
  readonly config: Config;
  readonly userAgent: string;
  /** The cluster's id: see TopicReading. */
  readonly cluster: string;
  /** Opens the way to the engine; null without one. Asked for each assignment, which closes what it gets. */
  readonly producer: () => Producer | null;
  /** Made anew for each assignment, which closes it. */
  readonly enriching: () => Enriching;
}

/** A partition that no lane is in: only one tail at a time has it. */
const NO_LANES = [-1];

/**
 * From topics that are the source to the endpoints, or to the engine. One process has all parts: parked deliveries, whose
 * lanes go by rows, cannot be told apart by the parts that their events came from.
 */
export class TopicWay implements Way {
  readonly delivers: boolean;
  readonly group: Way['group'];
  readonly #options: TopicWayOptions;

  constructor(kafka: KafkaSourceConfig, options: TopicWayOptions) {
    this.#options = options;
    // What is missing is told before anything begins.
    topicTables(options.config);
    this.delivers = options.config.engine === null;
    const { topics, group, session, from } = kafka;
    this.group = { cluster: kafka, group, topics, session, from, exclusive: true };
  }

  /** All lanes are one partition, where this process delivers them. */
  owned({ parts }: Assignment): readonly number[] {
    if (this.#options.config.engine !== null) return parts.length === 0 ? [] : NO_LANES;
    return parts.length === 0 ? [] : [0];
  }

  stages(wiring: Wiring): Stages {
    const { config, userAgent, cluster, producer, enriching: open } = this.#options;
    const { assignment, generation, log, history } = wiring;
    const { parking: store, claims } = generation;
    const enriching = open();
    const engine = producer();
    try {
      const outlet = outletOf({ ...wiring, config, userAgent, store, claims, enriching, producer: engine, onHeld: () => undefined });
      const records = new TopicReading({ config, log, cluster, parts: assignment.parts, queues: outlet.queues, hold: (held) => outlet.hold(held), history, onChange: enriching.onChange });
      return { outlet, records };
    } catch (error) {
      // Nothing else of it is open before it is begun.
      void Promise.allSettled([enriching.close(), engine?.close()]);
      throw error;
    }
  }
}
