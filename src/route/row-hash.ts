import { createHash } from 'node:crypto';
import { TEXT } from '../change.ts';
import { type Event, tupleOf } from '../event.ts';

/**
 * Tells the rows of a table apart without telling their keys: 128 bits of a SHA-256 of table and key, so that no two rows are ever
 * taken for one. (A lane may be: then its deliveries only wait for each other.)
 */
export class RowHash {
  readonly #oid: number;
  readonly #columns: readonly number[];

  /** @param columns those of the table's key */
  constructor(relationOid: number, columns: readonly number[]) {
    this.#oid = relationOid;
    this.#columns = columns;
  }

  of(event: Event): string {
    const hash = createHash('sha256').update(`${this.#oid}`);
    for (const column of this.#columns) {
      const tuple = tupleOf(event, column);
      if (tuple === null || tuple.kind[column] !== TEXT) {
        hash.update(' null');
        continue;
      }
      const start = tuple.start[column] ?? 0;
      const end = tuple.end[column] ?? 0;
      hash.update(` ${end - start}:`).update(tuple.bytes.subarray(start, end));
    }
    return hash.digest('hex').slice(0, 32);
  }
}
