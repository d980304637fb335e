import { TEXT } from '../change.ts';
import { type Event, tupleOf } from '../event.ts';

/** What a value is followed by, and what stands for one that is NULL or unknown. No text in Postgres holds a NUL. */
const END = '\u0000';
const NOTHING = '\u0000\u0001';

/**
 * Makes the lane key of an event: deliveries of one endpoint with the same lane are strictly in order. It holds row
 * values as they stand, hidden ones too, and never leaves the process.
 */
export class LaneKey {
  readonly #columns: readonly number[] | null;
  readonly #prefix: string;

  /** `columns`: those of `order_by`, or of the table's key; null for no order at all. A lane is never shared by two tables. */
  constructor(relationOid: number, columns: readonly number[] | null) {
    this.#columns = columns;
    this.#prefix = `${relationOid}:`;
  }

  /** `id`: the event's own id, its lane where there is no order. */
  of(event: Event, id: string): string {
    if (this.#columns === null) return id;
    let lane = this.#prefix;
    for (const column of this.#columns) {
      const tuple = tupleOf(event, column);
      if (tuple === null || tuple.kind[column] !== TEXT) lane += NOTHING;
      // latin1 maps each byte to a character: as distinct as UTF-8, and cheaper.
      else lane += tuple.bytes.toString('latin1', tuple.start[column], tuple.end[column]) + END;
    }
    return lane;
  }
}
