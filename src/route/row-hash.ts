import { hash } from 'node:crypto';
import { TEXT } from '../change.ts';
import { type Event, tupleOf } from '../event.ts';

/**
 * Tells the rows of a table apart without telling their keys: 128 bits of a SHA-256 of table and key, so that no two rows are ever
 * taken for one. (A lane may be: then its deliveries only wait for each other.)
 */
export class RowHash {
  readonly #begin: Buffer;
  readonly #columns: readonly number[];

  /** @param columns those of the table's key */
  constructor(relationOid: number, columns: readonly number[]) {
    this.#begin = Buffer.from(`${relationOid}`);
    this.#columns = columns;
  }

  of(event: Event): string {
    let length = this.#begin.copy(scratch);
    for (const column of this.#columns) {
      const tuple = tupleOf(event, column);
      if (tuple === null || tuple.kind[column] !== TEXT) {
        length = append(length, ' null');
        continue;
      }
      const start = tuple.start[column] ?? 0;
      const end = tuple.end[column] ?? 0;
      length = append(length, ` ${end - start}:`);
      makeRoom(length + end - start);
      length += tuple.bytes.copy(scratch, length, start, end);
    }
    return hash('sha256', scratch.subarray(0, length), 'hex').slice(0, 32);
  }
}

/** What is hashed, put together: one call for all of it takes a third of the time that one for each part takes. */
let scratch = Buffer.allocUnsafe(1024);

function append(length: number, text: string): number {
  makeRoom(length + text.length);
  return length + scratch.write(text, length, 'latin1');
}

function makeRoom(length: number): void {
  if (length <= scratch.length) return;
  const larger = Buffer.allocUnsafe(2 * length);
  scratch.copy(larger);
  scratch = larger;
}
