import { TEXT } from '../change.ts';
import { type Event, tupleOf } from '../event.ts';

/**
 * Makes the lane of an event: deliveries of one endpoint with the same lane are strictly in order. A lane is a hash of
 * table and key, so that it takes no memory to speak of, tells nobody a value, and is the same in memory and in the
 * store. Two rows whose hashes collide are kept in order with each other, which does no harm.
 */
export class Lane {
  readonly #columns: readonly number[] | null;
  readonly #seed: number;
  #unordered = 0;

  /** `columns`: those of `order_by`, or of the table's key; null for no order at all. */
  constructor(relationOid: number, columns: readonly number[] | null) {
    this.#columns = columns;
    this.#seed = relationOid;
  }

  of(event: Event): number {
    if (this.#columns === null) return this.#nextUnordered();
    let high = 0xdeadbeef ^ this.#seed;
    let low = 0x41c6ce57 ^ this.#seed;
    for (const column of this.#columns) {
      const tuple = tupleOf(event, column);
      if (tuple !== null && tuple.kind[column] === TEXT) {
        const { bytes } = tuple;
        const end = tuple.end[column]!;
        for (let at = tuple.start[column]!; at < end; at++) {
          const byte = bytes[at]!;
          high = Math.imul(high ^ byte, 2654435761);
          low = Math.imul(low ^ byte, 1597334677);
        }
      }
      // The end of a value counts too: ('ab', 'c') is another key than ('a', 'bc').
      high = Math.imul(high ^ 0x100, 2654435761);
      low = Math.imul(low ^ 0x100, 1597334677);
    }
    return finish(high, low);
  }

  /** A lane of its own for each delivery. */
  #nextUnordered(): number {
    this.#unordered = (this.#unordered + 1) >>> 0;
    return finish(Math.imul(this.#unordered, 2654435761), this.#unordered ^ this.#seed);
  }
}

/** The last mix of the cyrb53 hash (public domain): 53 bits, which a double holds exactly. */
function finish(high: number, low: number): number {
  let h = Math.imul(high ^ (high >>> 16), 2246822507);
  h ^= Math.imul(low ^ (low >>> 13), 3266489909);
  let l = Math.imul(low ^ (low >>> 16), 2246822507);
  l ^= Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (0x1fffff & l) + (h >>> 0);
}
