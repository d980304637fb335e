import { type Relation, TEXT } from '../change.ts';
import type { TracingConfig } from '../config.ts';
import { type Event, tupleOf } from '../event.ts';
import { parseTraceparent } from './traceparent.ts';

/** A traceparent of a version that is known has 55 characters; what is much longer is none. */
const LONGEST = 512;

/** Finds the traceparent of each change: in a column of its row, or in a logical message before it in its transaction. */
export class ChangeTrace {
  readonly #config: Pick<TracingConfig, 'column' | 'message'>;
  /** Of the transaction's last message. */
  #current: string | undefined;
  /** The relation that was looked at last, and where its column is; -1: it has none. */
  #relation: Relation | null = null;
  #column = -1;

  constructor(config: Pick<TracingConfig, 'column' | 'message'>) {
    this.#config = config;
  }

  /** A transaction begins. */
  began(): void {
    this.#current = undefined;
  }

  /** A logical message of the transaction. One that has no traceparent in it ends that of the one before. */
  message(prefix: string, content: Buffer): void {
    if (prefix !== this.#config.message || content.length > LONGEST) return;
    this.#current = valid(content.toString('latin1'));
  }

  /** The traceparent of an event; undefined if none came with it. */
  of(event: Event): string | undefined {
    const { relation } = event.change;
    if (relation !== this.#relation) {
      this.#relation = relation;
      this.#column = relation.columns.findIndex(({ name }) => name === this.#config.column);
    }
    return (this.#column === -1 ? undefined : written(event, this.#column)) ?? this.#current;
  }
}

/** What the change wrote into the column: not what an earlier one did, as far as the WAL tells. */
function written(event: Event, column: number): string | undefined {
  const { operation, hidden, changed } = event;
  if (operation === 'delete' || hidden?.[column] === 1 || (changed !== null && operation !== 'data_insert' && changed[column] !== 1)) return undefined;
  const tuple = tupleOf(event, column);
  if (tuple === null || tuple.kind[column] !== TEXT) return undefined;
  const [start = 0, end = 0] = [tuple.start[column], tuple.end[column]];
  return end - start > LONGEST ? undefined : valid(tuple.bytes.latin1Slice(start, end));
}

function valid(text: string): string | undefined {
  return parseTraceparent(text) === null ? undefined : text;
}
