import { TEXT, type Tuple } from '../change.ts';
import type { JsonWriter } from '../codec.ts';
import { type JsonOutput, type Piece, piece } from '../json-output.ts';

const NULL = piece('null');

/** What stands before a field's value. */
export interface Before {
  /** Before that of the first field of all. */
  readonly opening: string;
  readonly name: string;
  /** Before and behind the name. */
  readonly start: string;
  readonly end: string;
}

/** A column on its way into a body, in one of the places where its value stands. */
export class BodyField {
  readonly column: number;
  /** `"name"` */
  readonly name: Piece;
  readonly #first: Piece;
  readonly #next: Piece;
  readonly #writer: JsonWriter;

  constructor(column: number, { opening, name, start, end }: Before, writer: JsonWriter) {
    this.column = column;
    this.name = piece(name);
    this.#first = piece(opening + start + name + end);
    this.#next = piece(`,${start}${name}${end}`);
    this.#writer = writer;
  }

  /** Writes the field. Gives where its value begins. @param tuple one that holds the value: see `tupleOf` */
  write(out: JsonOutput, tuple: Tuple, isFirst: boolean): number {
    const before = isFirst ? this.#first : this.#next;
    const start = out.length + before.length;
    if (!out.column(before, this.#writer.way, tuple, this.column)) this.value(out, tuple);
    return start;
  }

  /** Writes the field with another value than its own. */
  replaced(out: JsonOutput, value: Piece, isFirst: boolean): void {
    out.piece(isFirst ? this.#first : this.#next);
    out.piece(value);
  }

  /** Writes the value alone. */
  value(out: JsonOutput, tuple: Tuple): void {
    const { column } = this;
    if (tuple.kind[column] === TEXT) this.#writer.write(tuple.bytes, tuple.start[column]!, tuple.end[column]!, out);
    else out.piece(NULL);
  }
}
