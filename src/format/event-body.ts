import { commitTimestamp, TEXT, type Tuple } from '../change.ts';
import type { Codecs, JsonWriter } from '../codec.ts';
import type { FieldsConfig, MetaField } from '../config.ts';
import { type ColumnSet, type Event, isKnownBefore, type Operation, tupleOf, type WatchedTable } from '../event.ts';
import { JsonOutput, type Piece, piece } from '../json-output.ts';
import { formatLsn } from '../lsn.ts';
import type { Body } from './body.ts';
import { dataColumns } from './data-columns.ts';

/** What of a hook's config decides about its bodies. Hooks that agree on it share their bodies. */
export interface BodyOptions {
  readonly fields: FieldsConfig;
  readonly meta: readonly MetaField[];
  readonly large_numbers: 'number' | 'string';
}

/** A column on its way into a body: what stands before its value, and the writer of that. */
interface Field {
  readonly column: number;
  /** `"name"` */
  readonly name: Piece;
  readonly writer: JsonWriter;
  /** `"name":`, as the first of an object and behind another. */
  readonly first: Piece;
  readonly next: Piece;
}

const DATA = piece('{"data":{');
const NULL_VALUE = piece('null');
const COMMA = piece(',');
const PREVIOUS = piece(',"previous_value":');
const UNCHANGED_NAMES = piece(',"unchanged":[');
const END_LIST = piece(']');
const END_OBJECT = piece('}');
const END_META = piece(']}}');

/** What stands between the data and the lookup values: `redacted`, which a delete does not have, and the operation. */
interface Middle {
  /** Where nothing is hidden. */
  readonly whole: Piece;
  /** Before the names of what is hidden, and behind them. */
  readonly redacted: Piece;
  readonly meta: Piece;
}

const MIDDLES: Record<Operation, Middle> = {
  data_insert: middleOf('data_insert', true),
  data_update: middleOf('data_update', true),
  visibility_update: middleOf('visibility_update', true),
  delete: middleOf('delete', false),
  truncate: middleOf('truncate', false),
};

/**
 * Builds the bodies of `format: event` for one version of a table: a plan of prefixes and writers, so that a body is
 * one pass over the tuple's bytes into one piece of memory, and no object or string is made in between.
 */
export class EventBody implements Body {
  readonly contentType = 'application/json';
  readonly #table: WatchedTable;
  readonly #redacted: Piece;
  /** Data of a row, and data of a delete: the key alone. */
  readonly #row: readonly Field[];
  readonly #key: readonly Field[];
  readonly #lookup: readonly Field[];
  /** The constant fields: `"name":value` with commas between; null if there are none. */
  readonly #constants: Piece | null;
  readonly #omitNull: boolean;
  readonly #meta: readonly MetaField[];
  readonly #out = new JsonOutput();
  /** Of the row that is being written: fields whose values the WAL does not carry. */
  readonly #unchanged: Field[] = [];
  #unchangedCount = 0;
  #serial = 0;
  #body = '';

  constructor(table: WatchedTable, options: BodyOptions, codecs: Codecs) {
    const { fields } = options;
    const { columns } = table.relation;
    const { row, key, names, constants } = dataColumns(table, fields);
    const field = (column: number, before: string, after: string): Field => {
      const name = JSON.stringify(names[column]);
      const writer = codecs.writer(columns[column]?.typeOid ?? 0, options.large_numbers);
      return { column, name: piece(name), writer, first: piece(`${before}${name}${after}`), next: piece(`,${before}${name}${after}`) };
    };
    const dataField = (column: number): Field => ({ ...field(column, '', ':'), first: piece(`{"data":{${JSON.stringify(names[column])}:`) });
    this.#table = table;
    this.#redacted = piece(JSON.stringify(table.redacted));
    this.#row = row.map(dataField);
    this.#key = key.map(dataField);
    this.#lookup = table.lookup.map((column) => field(column, '{"field":', ',"value":'));
    this.#constants = constants === '' ? null : piece(constants);
    this.#omitNull = fields.omit_null;
    this.#meta = options.meta;
  }

  /** The event's body. Asked again for the same event, it is not built again. */
  build(event: Event): string {
    if (event.serial === this.#serial) return this.#body;
    const { operation, hidden } = event;
    const out = this.#out;
    const middle = MIDDLES[operation];
    out.clear();
    this.#unchangedCount = 0;
    this.#data(event, operation === 'delete' ? this.#key : this.#row);
    if (hidden === null || operation === 'delete' || operation === 'truncate') {
      out.piece(middle.whole);
    } else {
      out.piece(middle.redacted);
      this.#names(hidden);
      out.piece(middle.meta);
    }
    this.#lookupValues(event);
    if (this.#meta.length === 0 && this.#unchangedCount === 0) {
      out.piece(END_META);
    } else {
      out.piece(END_LIST);
      this.#extraMeta(event);
      this.#unchangedNames();
      out.piece(END_OBJECT);
      out.piece(END_OBJECT);
    }
    this.#body = out.take();
    this.#serial = event.serial;
    return this.#body;
  }

  #data(event: Event, fields: readonly Field[]): void {
    const out = this.#out;
    const { hidden, row } = event;
    let isFirst = true;
    if (row !== null) {
      for (const field of fields) {
        const { column } = field;
        const start = out.length;
        if (hidden !== null && hidden[column] === 1) {
          out.piece(isFirst ? field.first : field.next);
          out.piece(this.#redacted);
        } else {
          const tuple = tupleOf(event, column);
          if (tuple === null) {
            this.#unchanged[this.#unchangedCount++] = field;
            continue;
          }
          const before = isFirst ? field.first : field.next;
          const value = start + before.length;
          if (!out.column(before, field.writer.way, tuple, column)) this.#value(tuple, field);
          if (this.#omitNull && out.isNull(value)) {
            out.cut(start);
            continue;
          }
        }
        isFirst = false;
      }
    }
    if (isFirst) out.piece(DATA);
    if (this.#constants === null) return;
    if (!isFirst) out.piece(COMMA);
    out.piece(this.#constants);
  }

  /** The tuple must hold the value: see `tupleOf`. */
  #value(tuple: Tuple, { column, writer }: Field): void {
    if (tuple.kind[column] === TEXT) writer.write(tuple.bytes, tuple.start[column]!, tuple.end[column]!, this.#out);
    else this.#out.piece(NULL_VALUE);
  }

  /** The names of columns that go out and are in a set. */
  #names(columns: ColumnSet): void {
    let isFirst = true;
    for (const { column, name } of this.#row) {
      if (columns[column] !== 1) continue;
      if (!isFirst) this.#out.piece(COMMA);
      this.#out.piece(name);
      isFirst = false;
    }
  }

  #lookupValues(event: Event): void {
    const { hidden, row } = event;
    if (row === null) return;
    const out = this.#out;
    let isFirst = true;
    for (const field of this.#lookup) {
      const { column } = field;
      if (hidden !== null && hidden[column] === 1) continue;
      const tuple = tupleOf(event, column);
      if (tuple === null) continue;
      const start = out.length;
      const before = isFirst ? field.first : field.next;
      const value = start + before.length;
      if (!out.column(before, field.writer.way, tuple, column)) this.#value(tuple, field);
      if (out.isNull(value)) {
        out.cut(start);
        continue;
      }
      this.#previousValue(event, field, value);
      out.piece(END_OBJECT);
      isFirst = false;
    }
  }

  /** The value before, if this change altered it, so that a receiver still finds its record. @param value where the one now begins */
  #previousValue(event: Event, field: Field, value: number): void {
    const { change, hiddenBefore } = event;
    const { old } = change;
    const { column } = field;
    if (change.kind !== 'update' || old === null || !isKnownBefore(change, column)) return;
    if (hiddenBefore !== null && hiddenBefore[column] === 1) return;
    const out = this.#out;
    const end = out.length;
    out.piece(PREVIOUS);
    const before = out.length;
    this.#value(old, field);
    if (out.isNull(before) || out.repeats(value, end, before)) out.cut(end);
  }

  #extraMeta(event: Event): void {
    const { transaction } = event.change;
    const out = this.#out;
    for (const name of this.#meta) {
      switch (name) {
        case 'table':
          out.string(`,"table":${JSON.stringify(this.#table.relation.table)}`);
          break;
        case 'schema':
          out.string(`,"schema":${JSON.stringify(this.#table.relation.schema)}`);
          break;
        case 'changed':
          this.#changedNames(event.changed);
          break;
        case 'lsn':
          out.string(`,"lsn":"${formatLsn(transaction.commitLsn)}"`);
          break;
        case 'xid':
          out.string(`,"xid":${transaction.xid}`);
          break;
        case 'committed_at':
          out.string(`,"committed_at":"${commitTimestamp(transaction)}"`);
          break;
        case 'backfill':
          out.string(',"backfill":false');
          break;
      }
    }
  }

  /** null where the WAL does not tell. */
  #changedNames(changed: ColumnSet | null): void {
    const out = this.#out;
    if (changed === null) return out.string(',"changed":null');
    out.string(',"changed":[');
    this.#names(changed);
    out.string(']');
  }

  #unchangedNames(): void {
    if (this.#unchangedCount === 0) return;
    const out = this.#out;
    out.piece(UNCHANGED_NAMES);
    for (const [i, { name }] of this.#unchanged.slice(0, this.#unchangedCount).entries()) {
      if (i > 0) out.piece(COMMA);
      out.piece(name);
    }
    out.piece(END_LIST);
  }
}

function middleOf(operation: Operation, hasRedacted: boolean): Middle {
  const redacted = hasRedacted ? '},"redacted":[' : '}';
  const meta = `${hasRedacted ? ']' : ''},"meta":{"operation":"${operation}","lookup_values":[`;
  return { whole: piece(redacted + meta), redacted: piece(redacted), meta: piece(meta) };
}
