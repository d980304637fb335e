import { pino } from 'pino';
import type { Config, EndpointConfig, HookConfig, KafkaSourceConfig, TableConfig } from '../../src/config.ts';
import type { Delivery } from '../../src/delivery.ts';
import type { Part, ReadRecord } from '../../src/engine/port.ts';
import type { Failure } from '../../src/queue/port.ts';
import { TopicReading } from '../../src/topic-reading.ts';
import { endpointAt } from '../deliver/endpoint.ts';

export const PART: Part = { topic: 'shop', partition: 3 };

export interface TopicRigOptions {
  readonly tables: readonly TableConfig[];
  readonly hooks: readonly HookConfig[];
  readonly format?: KafkaSourceConfig['format'];
  readonly parts?: readonly Part[];
  readonly endpoints?: readonly EndpointConfig[];
}

/** What is read of a topic, up to queues that only take down what they are offered. */
export class TopicRig {
  readonly offered: { readonly delivery: Delivery; readonly buried: Failure | null }[] = [];
  readonly read: [part: number, next: bigint][] = [];
  readonly unreadable: [part: number, offset: bigint][] = [];
  /** What was logged, as JSON. */
  readonly logged: string[] = [];
  readonly reading: TopicReading;
  #offset = 0n;

  constructor({ tables, hooks, format = 'event', parts = [PART], endpoints = [endpointAt('http://127.0.0.1/hooks')] }: TopicRigOptions) {
    const queue = {
      offer: (delivery: Delivery) => void this.offered.push({ delivery, buried: null }),
      bury: (delivery: Delivery, buried: Failure) => void this.offered.push({ delivery, buried }),
    };
    const kafka = { brokers: ['127.0.0.1:9092'], tls: null, sasl: null, topics: ['shop'], group: 'walhook', session: 10_000, format, from: 'earliest' };
    this.reading = new TopicReading({
      config: { source: { url: null, kafka }, tables, hooks, endpoints, tracing: null } as unknown as Config,
      log: pino({}, { write: (line: string) => void this.logged.push(line) }),
      cluster: 'lkc-1',
      parts,
      queues: new Map(endpoints.map(({ name }) => [name, queue])),
      hold: () => undefined,
      history: null,
      onChange: null,
      onRead: (part, next) => void this.read.push([part, next]),
      onUnreadable: (part, offset) => void this.unreadable.push([part, offset]),
    });
  }

  /** The bodies that are sent of the records, which come next in the first part. */
  bodies(...values: readonly (object | string | null)[]): string[] {
    const from = this.offered.length;
    this.take(...values.map((value) => this.record(value)));
    return this.offered.slice(from).map(({ delivery }) => delivery.body);
  }

  take(...records: readonly ReadRecord[]): void {
    this.reading.read(0, records, (records.at(-1)?.offset ?? -1n) + 1n);
  }

  record(value: object | string | null, key: object | null = null): ReadRecord {
    const bytes = (of: object | string | null): Buffer | null => (of === null ? null : Buffer.from(typeof of === 'string' ? of : JSON.stringify(of)));
    return { offset: this.#offset++, key: bytes(key), value: bytes(value), headers: [], timestamp: 1_700_000_000_000 };
  }
}
