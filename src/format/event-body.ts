import type { Codecs } from '../codec.ts';
import type { FieldsConfig, MetaField } from '../config.ts';
import { type ColumnSet, type Event, isKnownBefore, type Operation, tupleOf, type WatchedTable } from '../event.ts';
import { JsonOutput, type Piece, piece } from '../json-output.ts';
import type { Body } from './body.ts';
import { BodyField } from './body-field.ts';
import { dataColumns } from './data-columns.ts';
import { EventMeta } from './event-meta.ts';

/** What of a hook's config decides about its bodies. Hooks that agree on it share their bodies. */
export interface BodyOptions {
  readonly fields: FieldsConfig;
  readonly meta: readonly MetaField[];
  readonly large_numbers: 'number' | 'string';
}

/** Where a body is built: one at a time, so that a thousand hooks do not keep what their largest rows took. */
const out = new JsonOutput();

const DATA = '{"data":{';
const NO_DATA = piece(DATA);
const COMMA = piece(',');
const END_LIST = piece(']');
const END_OBJECT = piece('}');
const END = piece(']}}');
const PREVIOUS = piece(',"previous_value":');
const CHANGED = piece(',"changed":[');
const CHANGED_UNKNOWN = piece(',"changed":null');
const UNCHANGED = piece(',"unchanged":[');

/** What stands between the data and the lookup values: `redacted`, which a delete does not have, and the operation. */
interface Middle {
  /** Where nothing is hidden. */
  readonly whole: Piece;
  /** Before the names of what is hidden, and behind them. */
  readonly redacted: Piece;
  readonly meta: Piece;
}

const MIDDLES: Readonly<Record<Operation, Middle>> = {
  data_insert: middleOf('data_insert', true),
  data_update: middleOf('data_update', true),
  visibility_update: middleOf('visibility_update', true),
  delete: middleOf('delete', false),
  truncate: middleOf('truncate', false),
};

/**
 * Builds the bodies of `format: event` for one version of a table: a plan of fields, so that a body is one pass over the
 * tuple's bytes into one piece of memory, and no object or string is made in between.
 */
export class EventBody implements Body {
  readonly contentType = 'application/json';
  readonly #redacted: Piece;
  /** Data of a row, and data of a delete: the key alone. */
  readonly #row: readonly BodyField[];
  readonly #key: readonly BodyField[];
  readonly #lookup: readonly BodyField[];
  /** The constant fields: `"name":value` with commas between; null if there are none. */
  readonly #constants: Piece | null;
  readonly #omitNull: boolean;
  /** Null if there is none besides the operation and the lookup values. */
  readonly #meta: EventMeta | null;
  /** `meta` has the id, which is another for each hook that shares this. */
  readonly #hasId: boolean;
  /** Of the row that is being written: fields whose values the WAL does not carry; null if it carries all. */
  #unchanged: BodyField[] | null = null;
  #serial = 0;
  #id = '';
  #body = '';

  constructor(table: WatchedTable, { fields, meta, large_numbers: largeNumbers }: BodyOptions, codecs: Codecs) {
    const { columns } = table.relation;
    const { row, key, names, constants } = dataColumns(table, fields);
    const field = (column: number, around: { readonly opening: string; readonly start: string; readonly end: string }): BodyField =>
      new BodyField(column, { name: JSON.stringify(names[column]), ...around }, codecs.writer(columns[column]?.typeOid ?? 0, largeNumbers));
    const data = (column: number): BodyField => field(column, { opening: DATA, start: '', end: ':' });
    this.#redacted = piece(JSON.stringify(table.redacted));
    this.#row = row.map(data);
    this.#key = key.map(data);
    this.#lookup = table.lookup.map((column) => field(column, { opening: '', start: '{"field":', end: ',"value":' }));
    this.#constants = constants === '' ? null : piece(constants);
    this.#omitNull = fields.omit_null;
    this.#meta = meta.length === 0 ? null : new EventMeta(meta, table.relation);
    this.#hasId = meta.includes('id');
  }

  /** The event's body. Asked again for the same event, it is not built again. */
  build(event: Event, id: string): string {
    if (event.serial === this.#serial && (!this.#hasId || id === this.#id)) return this.#body;
    const { operation, hidden } = event;
    const middle = MIDDLES[operation];
    out.clear();
    this.#unchanged = null;
    this.#data(event, operation === 'delete' ? this.#key : this.#row);
    if (hidden === null || operation === 'delete' || operation === 'truncate') {
      out.piece(middle.whole);
    } else {
      out.piece(middle.redacted);
      this.#names(hidden);
      out.piece(middle.meta);
    }
    this.#lookupValues(event);
    this.#end(event, id);
    this.#body = out.take();
    this.#serial = event.serial;
    this.#id = id;
    return this.#body;
  }

  #data(event: Event, fields: readonly BodyField[]): void {
    const { hidden, row } = event;
    let isFirst = true;
    for (const field of row === null ? [] : fields) {
      const start = out.length;
      if (hidden !== null && hidden[field.column] === 1) {
        field.replaced(out, this.#redacted, isFirst);
        isFirst = false;
        continue;
      }
      const tuple = tupleOf(event, field.column);
      if (tuple === null) {
        (this.#unchanged ??= []).push(field);
        continue;
      }
      const value = field.write(out, tuple, isFirst);
      if (this.#omitNull && out.isNull(value)) out.cut(start);
      else isFirst = false;
    }
    if (isFirst) out.piece(NO_DATA);
    if (this.#constants === null) return;
    if (!isFirst) out.piece(COMMA);
    out.piece(this.#constants);
  }

  #lookupValues(event: Event): void {
    const { hidden, row } = event;
    if (row === null) return;
    let isFirst = true;
    for (const field of this.#lookup) {
      if (hidden !== null && hidden[field.column] === 1) continue;
      const tuple = tupleOf(event, field.column);
      if (tuple === null) continue;
      const start = out.length;
      const value = field.write(out, tuple, isFirst);
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
  #previousValue({ change, hiddenBefore }: Event, field: BodyField, value: number): void {
    const { kind, old } = change;
    if (kind !== 'update' || old === null || !isKnownBefore(change, field.column)) return;
    if (hiddenBefore !== null && hiddenBefore[field.column] === 1) return;
    const end = out.length;
    out.piece(PREVIOUS);
    const before = out.length;
    field.value(out, old);
    if (out.isNull(before) || out.repeats(value, end, before)) out.cut(end);
  }

  /** From the end of the lookup values to that of the body. */
  #end(event: Event, id: string): void {
    const unchanged = this.#unchanged;
    if (this.#meta === null && unchanged === null) return out.piece(END);
    out.piece(END_LIST);
    this.#meta?.write(event, id, out, () => this.#changedNames(event.changed));
    if (unchanged !== null) {
      out.piece(UNCHANGED);
      for (const [i, { name }] of unchanged.entries()) {
        if (i > 0) out.piece(COMMA);
        out.piece(name);
      }
      out.piece(END_LIST);
    }
    out.piece(END_OBJECT);
    out.piece(END_OBJECT);
  }

  /** null where the WAL does not tell. */
  #changedNames(changed: ColumnSet | null): void {
    if (changed === null) return out.piece(CHANGED_UNKNOWN);
    out.piece(CHANGED);
    this.#names(changed);
    out.piece(END_LIST);
  }

  /** The names of columns of a row that are in a set. */
  #names(columns: ColumnSet): void {
    let isFirst = true;
    for (const { column, name } of this.#row) {
      if (columns[column] !== 1) continue;
      if (!isFirst) out.piece(COMMA);
      out.piece(name);
      isFirst = false;
    }
  }
}

function middleOf(operation: Operation, hasRedacted: boolean): Middle {
  const redacted = hasRedacted ? '},"redacted":[' : '}';
  const meta = `${hasRedacted ? ']' : ''},"meta":{"operation":"${operation}","lookup_values":[`;
  return { whole: piece(redacted + meta), redacted: piece(redacted), meta: piece(meta) };
}
