import { commitTimestamp, TEXT, type Tuple } from '../change.ts';
import type { Codecs, ToJson } from '../codec.ts';
import type { FieldsConfig, MetaField } from '../config.ts';
import { type ColumnSet, type Event, isKnownBefore, tupleOf, type WatchedTable } from '../event.ts';
import { formatLsn } from '../lsn.ts';
import type { Body } from './body.ts';
import { dataColumns } from './data-columns.ts';

/** What of a hook's config decides about its bodies. Hooks that agree on it share their bodies. */
export interface BodyOptions {
  readonly fields: FieldsConfig;
  readonly meta: readonly MetaField[];
  readonly large_numbers: 'number' | 'string';
}

/** A column on its way into a body: its index, its JSON prefix (`"name":`) and its encoder. */
interface Field {
  readonly column: number;
  readonly name: string;
  readonly prefix: string;
  readonly json: ToJson;
}

/**
 * Builds the bodies of `format: event` for one version of a table: a plan of prefixes and encoders, so that a body is
 * one pass over the tuple's bytes and no object is made in between.
 */
export class EventBody implements Body {
  readonly contentType = 'application/json';
  readonly #table: WatchedTable;
  readonly #redacted: string;
  /** Data of a row, and data of a delete: the key alone. */
  readonly #row: readonly Field[];
  readonly #key: readonly Field[];
  readonly #lookup: readonly Field[];
  /** `,"name":value` of the constant fields, and what comes before them in an empty object. */
  readonly #constants: string;
  readonly #omitNull: boolean;
  readonly #meta: readonly MetaField[];
  /** `meta` has the id, which is another for each hook that shares this. */
  readonly #hasId: boolean;
  #serial = 0;
  #id = '';
  #body = '';

  constructor(table: WatchedTable, options: BodyOptions, codecs: Codecs) {
    const { fields } = options;
    const { columns } = table.relation;
    const { row, key, names, constants } = dataColumns(table, fields);
    const field = (column: number): Field => ({
      column,
      name: JSON.stringify(names[column]),
      prefix: `${JSON.stringify(names[column])}:`,
      json: codecs.json(columns[column]?.typeOid ?? 0, options.large_numbers),
    });
    this.#table = table;
    this.#redacted = JSON.stringify(table.redacted);
    this.#row = row.map(field);
    this.#key = key.map(field);
    this.#lookup = table.lookup.map(field);
    this.#constants = constants;
    this.#omitNull = fields.omit_null;
    this.#meta = options.meta;
    this.#hasId = options.meta.includes('id');
  }

  /** The event's body. Asked again for the same event, it is not built again. */
  build(event: Event, id: string): string {
    if (event.serial === this.#serial && (!this.#hasId || id === this.#id)) return this.#body;
    const unchanged: string[] = [];
    const data = this.#data(event, event.operation === 'delete' ? this.#key : this.#row, unchanged);
    const redacted =
      event.operation === 'delete' || event.operation === 'truncate' ? '' : `,"redacted":[${this.#redactedNames(event.hidden)}]`;
    const extra = this.#meta.length === 0 ? '' : this.#extraMeta(event, id);
    const missing = unchanged.length === 0 ? '' : `,"unchanged":[${unchanged.join(',')}]`;
    this.#body = `{"data":{${data}}${redacted},"meta":{"operation":"${event.operation}","lookup_values":[${this.#lookupValues(event)}]${extra}${missing}}}`;
    this.#serial = event.serial;
    this.#id = id;
    return this.#body;
  }

  #data(event: Event, fields: readonly Field[], unchanged: string[]): string {
    let data = '';
    if (event.row !== null) {
      const { hidden } = event;
      for (const field of fields) {
        const value = hidden !== null && hidden[field.column] === 1 ? this.#redacted : this.#value(event, field);
        if (value === null) {
          unchanged.push(field.name);
        } else if (value !== 'null' || !this.#omitNull) {
          data += data === '' ? field.prefix + value : `,${field.prefix}${value}`;
        }
      }
    }
    if (this.#constants === '') return data;
    return data === '' ? this.#constants : `${data},${this.#constants}`;
  }

  /** A column's JSON, or null if the WAL does not carry the value. */
  #value(event: Event, field: Field): string | null {
    const tuple = tupleOf(event, field.column);
    return tuple === null ? null : valueIn(tuple, field);
  }

  #redactedNames(hidden: ColumnSet | null): string {
    if (hidden === null) return '';
    return this.#row
      .filter((field) => hidden[field.column] === 1)
      .map((field) => field.name)
      .join(',');
  }

  #lookupValues(event: Event): string {
    const { hidden, row } = event;
    if (row === null) return '';
    let values = '';
    for (const field of this.#lookup) {
      if (hidden !== null && hidden[field.column] === 1) continue;
      const value = this.#value(event, field);
      if (value === null || value === 'null') continue;
      const entry = `{"field":${field.name},"value":${value}${this.#previousValue(event, field, value)}}`;
      values += values === '' ? entry : `,${entry}`;
    }
    return values;
  }

  /** The value before, if this change altered it, so that a receiver still finds its record. */
  #previousValue(event: Event, field: Field, value: string): string {
    const { change, hiddenBefore } = event;
    if (change.kind !== 'update' || change.old === null || !isKnownBefore(change, field.column)) return '';
    if (hiddenBefore !== null && hiddenBefore[field.column] === 1) return '';
    const before = valueIn(change.old, field);
    return before === 'null' || before === value ? '' : `,"previous_value":${before}`;
  }

  #extraMeta(event: Event, id: string): string {
    const { transaction } = event.change;
    let extra = '';
    for (const name of this.#meta) {
      switch (name) {
        case 'table':
          extra += `,"table":${JSON.stringify(this.#table.relation.table)}`;
          break;
        case 'schema':
          extra += `,"schema":${JSON.stringify(this.#table.relation.schema)}`;
          break;
        case 'changed':
          extra += `,"changed":${this.#changedNames(event.changed)}`;
          break;
        case 'lsn':
          extra += `,"lsn":"${formatLsn(transaction.commitLsn)}"`;
          break;
        case 'xid':
          extra += `,"xid":${transaction.xid}`;
          break;
        case 'committed_at':
          extra += `,"committed_at":"${commitTimestamp(transaction)}"`;
          break;
        case 'backfill':
          extra += ',"backfill":false';
          break;
        case 'id':
          extra += `,"id":${JSON.stringify(id)}`;
          break;
      }
    }
    return extra;
  }

  /** null where the WAL does not tell. */
  #changedNames(changed: ColumnSet | null): string {
    if (changed === null) return 'null';
    return `[${this.#row
      .filter((field) => changed[field.column] === 1)
      .map((field) => field.name)
      .join(',')}]`;
  }
}

/** The tuple must hold the value: see `tupleOf`. */
function valueIn(tuple: Tuple, field: Field): string {
  const { column } = field;
  return tuple.kind[column] === TEXT ? field.json(tuple.bytes, tuple.start[column]!, tuple.end[column]!) : 'null';
}
