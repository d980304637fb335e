import type { EngineRecord } from '../engine/port.ts';
import { encodeBatch, HEAD, recordBound } from './batch.ts';

/** Records of one partition that go together. */
export interface Batch {
  readonly partition: number;
  /** Their places in what was given. */
  readonly indexes: readonly number[];
  readonly bytes: Buffer;
}

/** What is still to be produced: for each partition its records in order, cut into batches as they are asked for. */
export class Backlog {
  readonly #records: readonly EngineRecord[];
  readonly #byPartition = new Map<number, number[]>();
  /** How many of a partition's records are with the broker, or in `#heads`. */
  readonly #taken = new Map<number, number>();
  readonly #heads = new Map<number, Batch>();

  constructor(records: readonly EngineRecord[]) {
    this.#records = records;
    for (let index = 0; index < records.length; index++) {
      const partition = records[index]?.partition ?? 0;
      const indexes = this.#byPartition.get(partition);
      if (indexes === undefined) this.#byPartition.set(partition, [index]);
      else indexes.push(index);
    }
  }

  /** The first batch of each partition that has one: it stays until `done`. At most `total` bytes, but for the first. */
  heads(limit: number, total: number): Batch[] {
    const heads: Batch[] = [];
    let bytes = 0;
    for (const partition of this.#byPartition.keys()) {
      const head = this.#heads.get(partition) ?? this.#cut(partition, limit);
      if (head === null) continue;
      if (heads.length > 0 && bytes + head.bytes.length > total) break;
      bytes += head.bytes.length;
      heads.push(head);
    }
    return heads;
  }

  /** The batch is with the broker, or never will be. */
  done({ partition }: Batch): void {
    this.#heads.delete(partition);
    const indexes = this.#byPartition.get(partition);
    if (indexes !== undefined && (this.#taken.get(partition) ?? 0) >= indexes.length) this.#byPartition.delete(partition);
  }

  /** The batch is to be cut anew. */
  undo({ partition, indexes }: Batch): void {
    this.#heads.delete(partition);
    this.#taken.set(partition, (this.#taken.get(partition) ?? 0) - indexes.length);
  }

  #cut(partition: number, limit: number): Batch | null {
    const all = this.#byPartition.get(partition) ?? [];
    const from = this.#taken.get(partition) ?? 0;
    const records: EngineRecord[] = [];
    let bound = 0;
    for (let at = from; at < all.length; at++) {
      const record = this.#records[all[at] ?? -1];
      if (record === undefined) continue;
      const more = recordBound(record);
      if (records.length > 0 && HEAD + bound + more > limit) break;
      records.push(record);
      bound += more;
    }
    if (records.length === 0) return null;
    const batch = { partition, indexes: all.slice(from, from + records.length), bytes: encodeBatch(records, bound, Date.now()) };
    this.#taken.set(partition, from + records.length);
    this.#heads.set(partition, batch);
    return batch;
  }
}
