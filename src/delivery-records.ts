import type { Logger } from 'pino';
import type { Dispatcher } from './dispatcher.ts';
import type { Part, ReadRecord } from './engine/port.ts';
import { DeliveryReader } from './engine/record.ts';
import { type Lsn, NO_LSN } from './lsn.ts';
import type { RecordStages } from './record-stages.ts';

export interface DeliveryRecordsOptions {
  readonly dispatcher: Pick<Dispatcher, 'queues' | 'keep'>;
  /** What is read, by the index that the reader is told. */
  readonly parts: readonly Part[];
  readonly log: Logger;
}

/** Hands the records of the engine's topic to the queues of their endpoints. */
export class DeliveryRecords implements RecordStages {
  readonly #options: DeliveryRecordsOptions;
  readonly #reader = new DeliveryReader();
  readonly #gone = new Set<string>();
  /** When the last one was committed, in Unix milliseconds; 0 before the first. */
  committedAt = 0;
  /** Of its commit record. */
  commitLsn: Lsn = NO_LSN;

  constructor(options: DeliveryRecordsOptions) {
    this.#options = options;
  }

  read(part: number, records: readonly ReadRecord[]): void {
    for (const record of records) this.#take(record, part);
  }

  #take(record: ReadRecord, part: number): void {
    const { dispatcher, log, parts } = this.#options;
    let read: ReturnType<DeliveryReader['read']>;
    try {
      read = this.#reader.read(record);
    } catch (error) {
      // Nothing of walhook's: whoever wrote it, no hook ever made a delivery of it.
      const { topic, partition } = parts[part] ?? {};
      log.error({ topic, partition, offset: String(record.offset), hint: 'let walhook alone write to the topic' }, `a record of the engine's topic is passed over: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    const { delivery, failure } = read;
    this.committedAt = delivery.committedAt;
    this.commitLsn = delivery.sequence.commitLsn;
    const { endpoint } = delivery.request;
    const queue = dispatcher.queues.get(endpoint);
    if (queue === undefined) {
      this.#tell(endpoint);
      dispatcher.keep(delivery);
    } else if (failure !== null) {
      queue.bury(delivery, failure);
    } else {
      queue.offer(delivery);
    }
  }

  #tell(endpoint: string): void {
    if (this.#gone.has(endpoint)) return;
    this.#gone.add(endpoint);
    this.#options.log.warn({ endpoint, hint: 'let tail and workers have the same configuration' }, 'deliveries come for an endpoint that the configuration does not have: they are parked until it is there');
  }
}
