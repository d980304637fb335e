import type { Config, KafkaEngineConfig } from './config.ts';
import { DeliveryRecords } from './delivery-records.ts';
import { Dispatcher } from './dispatcher.ts';
import type { Assignment } from './engine/port.ts';
import type { Enriching } from './enriching.ts';
import type { Stages, Way, Wiring } from './record-stages.ts';

export interface EngineWayOptions {
  readonly config: Config;
  readonly userAgent: string;
  /** Made anew for each assignment, which closes it. */
  readonly enriching: () => Enriching;
}

/** From the engine's topic to the endpoints. */
export class EngineWay implements Way {
  readonly delivers = true;
  readonly group: Way['group'];
  readonly #options: EngineWayOptions;

  constructor(kafka: KafkaEngineConfig, options: EngineWayOptions) {
    this.#options = options;
    this.group = { cluster: kafka, group: kafka.group, topics: [kafka.topic], session: kafka.session, from: 'earliest', exclusive: false };
  }

  owned({ parts }: Assignment): readonly number[] {
    return parts.map(({ partition }) => partition);
  }

  stages(wiring: Wiring): Stages {
    const { config, userAgent, enriching } = this.#options;
    const { parts } = wiring.assignment;
    const { parking: store, claims } = wiring.generation;
    // Schedules are the tail's.
    const dispatcher = new Dispatcher({ ...wiring, config: shareOf(config, parts.length), userAgent, store, claims, enriching: enriching(), onHeld: () => undefined });
    return { outlet: dispatcher, records: new DeliveryRecords({ dispatcher, parts, log: wiring.log, isComparable: config.source.kafka === null }) };
  }
}

/**
 * The configuration for a worker with so many of the partitions: a rate holds for all of them together. The topic has as many as the file
 * says (`engine_partitions`). Who has none has no lane to send of; its pace is that of one, since none is no number to wait by.
 */
export function shareOf(config: Config, parts: number): Config {
  const all = config.engine?.kafka.partitions ?? parts;
  const endpoints = config.endpoints.map((endpoint) => (endpoint.rate === null ? endpoint : { ...endpoint, rate: (endpoint.rate * Math.max(1, parts)) / all }));
  return { ...config, endpoints };
}
