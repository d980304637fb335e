import { type Change, commitTime, shownLsn, TEXT, type Transaction, type Tuple } from '../change.ts';
import type { Codecs, ToJson } from '../codec.ts';
import { type ColumnSet, type Event, isKnownBefore, type Operation, tupleOf, type WatchedTable } from '../event.ts';
import type { Body } from './body.ts';
import { dataColumns } from './data-columns.ts';
import { debeziumValue, unavailable } from './debezium-value.ts';
import type { BodyOptions } from './event-body.ts';
import type { Origin } from './origin.ts';

const OPERATIONS: Record<Operation, string> = { data_insert: 'c', data_update: 'u', visibility_update: 'u', delete: 'd', truncate: 't' };

interface Field {
  readonly column: number;
  readonly prefix: string;
  readonly json: ToJson;
  readonly unavailable: string;
}

/**
 * `format: debezium`: the envelope of Debezium's Postgres connector in Kafka Connect's JSON without schemas. All of it
 * is told by the WAL, `ts_ms` too, which is the commit's, so that a change read again gives the same bytes.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
 */
export class DebeziumBody implements Body {
  readonly contentType = 'application/json';
  readonly #redacted: string;
  readonly #row: readonly Field[];
  /** Those of a row before: of the key too, though `only` leaves it out, for a delete must tell of which row it is. */
  readonly #before: readonly Field[];
  readonly #constants: string;
  readonly #omitNull: boolean;
  /** `source` is all but the same for every event: what stands before, between and behind what differs. */
  readonly #source: { readonly name: string; readonly database: string; readonly table: string };

  constructor(table: WatchedTable, options: Omit<BodyOptions, 'meta'>, { codecs, source }: { readonly codecs: Codecs; readonly source: Origin }) {
    const { columns, schema, table: name } = table.relation;
    const { row, key, names, constants } = dataColumns(table, options.fields);
    const fields = columns.map((column, i): Field => ({
      column: i,
      prefix: `${JSON.stringify(names[i])}:`,
      json: debeziumValue(codecs, column, options.large_numbers),
      unavailable: unavailable(codecs, column),
    }));
    this.#redacted = JSON.stringify(table.redacted);
    this.#row = fields.filter(({ column }) => row.includes(column));
    this.#before = fields.filter(({ column }) => row.includes(column) || key.includes(column));
    this.#constants = constants;
    this.#omitNull = options.fields.omit_null;
    this.#source = {
      name: `"version":"walhook","connector":"postgresql","name":${JSON.stringify(source.slot)}`,
      database: `"snapshot":"false","db":${JSON.stringify(source.database)}`,
      table: `"schema":${JSON.stringify(schema)},"table":${JSON.stringify(name)}`,
    };
  }

  build(event: Event): string {
    const { change, operation } = event;
    const after = operation === 'delete' || event.row === null ? 'null' : this.#after(event);
    const times = timesOf(change.transaction);
    const head = `"before":${this.#rowBefore(event)},"after":${after},"source":${this.#sourceOf(change, times)}`;
    return `{${head},"transaction":null,"op":"${OPERATIONS[operation]}",${times.join(',')}}`;
  }

  #after(event: Event): string {
    let data = '';
    for (const field of this.#row) {
      const tuple = tupleOf(event, field.column);
      const value = isIn(event.hidden, field.column) ? this.#redacted : tuple === null ? field.unavailable : valueIn(tuple, field);
      if (value !== 'null' || !this.#omitNull) data += `,${field.prefix}${value}`;
    }
    return this.#object(data);
  }

  /** What the WAL has of the row before. A value that is hidden now is so here, even if it could be seen: it may be the same. */
  #rowBefore({ change, hidden, hiddenBefore }: Event): string {
    const { old } = change;
    if (old === null) return 'null';
    let data = '';
    for (const field of this.#before) {
      if (!isKnownBefore(change, field.column)) continue;
      const isHidden = isIn(hidden, field.column) || isIn(hiddenBefore, field.column);
      const value = isHidden ? this.#redacted : valueIn(old, field);
      if (value !== 'null' || !this.#omitNull) data += `,${field.prefix}${value}`;
    }
    return this.#object(data);
  }

  /** `data`: members, each with a comma before it. */
  #object(data: string): string {
    return `{${data === '' ? this.#constants : data.slice(1) + (this.#constants === '' ? '' : `,${this.#constants}`)}}`;
  }

  /**
   * The LSN is the commit's, for all changes of a transaction; `sequence`, which consumers order by, has their place in
   * it behind the LSN.
   */
  #sourceOf({ transaction, ordinal }: Change, [millis, micros, nanos]: Times): string {
    const { commitLsn, xid } = transaction;
    const { name, database, table } = this.#source;
    const place = `"sequence":"[\\"${commitLsn}\\",\\"${ordinal}\\"]"`;
    return `{${name},${millis},${database},${place},${micros},${nanos},${table},"txId":${xid},"lsn":${shownLsn(transaction)},"xmin":null}`;
  }
}

type Times = readonly [millis: string, micros: string, nanos: string];

/** When it was committed, in the three units that Debezium has since 2.6. */
function timesOf(transaction: Transaction): Times {
  const millis = commitTime(transaction);
  const micros = `${millis}${String(transaction.committedAt % 1000n).padStart(3, '0')}`;
  return [`"ts_ms":${millis}`, `"ts_us":${micros}`, `"ts_ns":${micros}000`];
}

function isIn(columns: ColumnSet | null, column: number): boolean {
  return columns !== null && columns[column] === 1;
}

/** The tuple must hold the value: see `tupleOf`. */
function valueIn(tuple: Tuple, field: Field): string {
  const { column } = field;
  return tuple.kind[column] === TEXT ? field.json(tuple.bytes, tuple.start[column] ?? 0, tuple.end[column] ?? 0) : 'null';
}
