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
  /** Commit LSNs of different parts are of one order: they come from one slot. */
  readonly isComparable: boolean;
  readonly log: Logger;
}

/** Hands the records of the engine's topic to the queues of their endpoints. */
export class DeliveryRecords implements RecordStages {
  readonly #options: DeliveryRecordsOptions;
  readonly #reader = new DeliveryReader();
  readonly #gone = new Set<string>();
  /** When the last one was committed, in Unix milliseconds; 0 before the first. */
  committedAt = 0;

  constructor(options: DeliveryRecordsOptions) {
    this.#options = options;
  }

  /** @throws WalhookError `engine_record` if one of walhook's own cannot be read: nothing of it and of those after it has been handed on */
  read(part: number, records: readonly ReadRecord[]): Lsn {
    let last = NO_LSN;
    for (const record of records) last = this.#take(record, part) ?? last;
    return this.#options.isComparable ? last : NO_LSN;
  }

  #take(record: ReadRecord, part: number): Lsn | null {
    const { dispatcher, log, parts } = this.#options;
    const read = this.#reader.read(record);
    if (read === null) {
      // Whoever wrote it, no hook ever made a delivery of it.
      const { topic, partition } = parts[part] ?? {};
      log.error({ topic, partition, offset: String(record.offset), hint: 'let walhook alone write to the topic' }, `a record of the engine's topic is not walhook's, and is passed over`);
      return null;
    }
    const { delivery, failure } = read;
    this.committedAt = delivery.committedAt;
    const { endpoint } = delivery.request;
    const queue = dispatcher.queues.get(endpoint);
    if (queue === undefined) {
      this.#tell(endpoint);
      dispatcher.keep(delivery, failure);
    } else if (failure !== null) {
      queue.bury(delivery, failure);
    } else {
      queue.offer(delivery);
    }
    return delivery.sequence.commitLsn;
  }

  #tell(endpoint: string): void {
    if (this.#gone.has(endpoint)) return;
    this.#gone.add(endpoint);
    this.#options.log.warn({ endpoint, hint: 'let tail and workers have the same configuration' }, 'deliveries come for an endpoint that the configuration does not have: they are parked until it is there');
  }
}
