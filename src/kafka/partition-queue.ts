import type { EngineRecord, Parcel } from '../engine/port.ts';
import { Batch } from './batch.ts';

/** What one partition is still to get, in order: batches, of which the first stays at the head until the broker has it. */
export class PartitionQueue {
  /** How many of its records the broker has, of those under the producer's present name: https://kafka.apache.org/documentation/#recordbatch (baseSequence). */
  sequence = 0;
  readonly #partition: number;
  #sealed: Batch[] = [];
  /** The one that is being filled. */
  #open: Batch | null = null;
  #spare: Buffer | undefined;

  constructor(partition: number) {
    this.#partition = partition;
  }

  /** @param limit bytes of a batch, but for one with a single record */
  add(record: EngineRecord, parcel: Parcel, limit: number): void {
    if (this.#open?.add(record, parcel, limit) === true) return;
    this.#seal();
    this.#open = new Batch(this.#partition, this.#spare);
    this.#spare = undefined;
    this.#open.add(record, parcel, limit);
  }

  /** The first batch, sealed; null if there is none. */
  head(): Batch | null {
    if (this.#sealed.length === 0) this.#seal();
    return this.#sealed[0] ?? null;
  }

  /** The head is with the broker, or never will be. */
  done(): void {
    this.#spare = this.#sealed.shift()?.spare ?? undefined;
  }

  /** The head becomes several batches of at most `limit` bytes. */
  split(limit: number): void {
    const head = this.#sealed.shift();
    if (head === undefined) return;
    const smaller = new PartitionQueue(this.#partition);
    head.records().forEach((record, index) => {
      const parcel = head.parcels[index];
      if (parcel !== undefined) smaller.add(record, parcel, limit);
    });
    smaller.#seal();
    this.#sealed = [...smaller.#sealed, ...this.#sealed];
  }

  #seal(): void {
    if (this.#open === null) return;
    this.#open.seal(Date.now());
    this.#sealed.push(this.#open);
    this.#open = null;
  }
}
