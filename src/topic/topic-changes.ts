import { createHash } from 'node:crypto';
import type { Change, Told, Transaction } from '../change.ts';
import type { TableConfig } from '../config.ts';
import { UNTOLD_FIELD } from './json-field.ts';
import { SeenTypes } from './seen-types.ts';
import { type TableShape, TableShapes } from './table-shapes.ts';
import { TextTuple } from './text-tuple.ts';
import { type Fields, type FieldValue, type ToldChange, UNTOLD } from './told-change.ts';
import { BOOL, JSONB } from './type-oids.ts';
import { unreadableRecord } from './unreadable-record.ts';

/** A table of the configuration, and what its hooks ask of it. */
export interface TopicTable {
  readonly table: TableConfig;
  /** Columns that expressions name. A delete that has the key alone has these too, without values: an expression may name them. */
  readonly named: readonly string[];
}

/** Where a record stands. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

/** A change, valid until the next one is asked for. */
export interface TopicChange extends TableShape {
  readonly change: Change;
}

interface Known {
  readonly types: SeenTypes;
  readonly shapes: TableShapes;
  /** What the ordinals of the topic's records begin with. */
  readonly ordinals: number;
}

/** 1970-01-01T00:00:00Z in Postgres' microseconds. */
const UNIX_EPOCH = -946_684_800_000_000n;
/** More than the partitions of any topic. */
const PARTITIONS = 2 ** 20;

/** Makes changes, as the WAL would have them, of what records tell. */
export class TopicChanges {
  readonly #tables: ReadonlyMap<string, TopicTable>;
  /** By topic and table. */
  readonly #known = new Map<string, Known>();
  readonly #row = new TextTuple();
  readonly #old = new TextTuple();

  constructor(tables: readonly TopicTable[]) {
    this.#tables = new Map(tables.map((one) => [nameOf(one.table), one]));
  }

  /**
   * A record is a transaction of one change: its offset is the commit LSN, its partition the place among the table's changes,
   * so that no two records of a topic have the same id. The topic is in the relation's OID.
   * @returns null if no such table is configured
   * @throws WalhookError `unreadable_record`
   */
  of(told: ToldChange, place: RecordPlace): TopicChange | null {
    const configured = this.#tables.get(nameOf(told));
    if (configured === undefined) return null;
    const known = this.#knownOf(place.topic, configured.table);
    const { table } = configured;
    const rows = visible(told, table);
    const { old } = rows;
    const fields = told.kind === 'delete' && !told.isTyped ? withNamed(old, configured.named) : (rows.row ?? old ?? new Map<string, FieldValue>());
    const names = [...fields.keys()];
    const key = table.key ?? told.key.filter((name) => fields.has(name));
    if (key.length === 0 && told.kind !== 'truncate') {
      throw unreadableRecord(`nothing tells the key of table ${nameOf(table)}: the record's own key names no columns`, `in the configuration: tables: { ${nameOf(table)}: { key: [id] } }`);
    }
    if (!told.isTyped) for (const row of [rows.row, old]) if (row !== null) known.types.see(row);
    const typeOf = (name: string): number => (told.isTyped ? fields.get(name)?.typeOid || JSONB : known.types.of(name));
    const types = names.map(typeOf);
    const shape = known.shapes.find(names, types, key);
    const text = (row: Fields, tuple: TextTuple): TextTuple => tuple.fill(names.map((name, i) => textOf(row.get(name), types[i] === JSONB && !told.isTyped)));
    return {
      ...shape,
      change: {
        kind: told.kind,
        relation: shape.relation,
        transaction: transactionOf(told, place),
        // Tells records with the same offset apart, whatever their topics are.
        ordinal: known.ordinals + place.partition + 1,
        tableOrdinal: place.partition + 1,
        row: rows.row === null ? null : text(rows.row, this.#row),
        old: old === null ? null : text(old, this.#old),
        oldIsKey: old !== null && names.some((name) => (old.get(name) ?? UNTOLD_FIELD).text === UNTOLD),
        told: toldOf(told, names),
      },
    };
  }

  #knownOf(topic: string, table: TableConfig): Known {
    const name = `${topic}\n${nameOf(table)}`;
    let known = this.#known.get(name);
    if (known === undefined) {
      known = { types: new SeenTypes(), shapes: new TableShapes({ oid: hashOf(name), schema: table.schema, table: table.table }, table), ordinals: hashOf(topic) * PARTITIONS };
      this.#known.set(name, known);
    }
    return known;
  }
}

/**
 * Refuses a row without a field that may have to be hidden, for it may be there under another name. A flag that is no
 * boolean says nothing, so that it hides.
 */
function visible({ kind, row, old }: ToldChange, { visibility, schema, table }: TableConfig): Pick<ToldChange, 'row' | 'old'> {
  if (visibility?.kind !== 'columns') return { row, old };
  for (const name of kind === 'delete' ? [] : visibility.flags.keys()) {
    if (row !== null && !row.has(name)) throw unreadableRecord(`a row of ${schema}.${table} has no ${name}: what \`visibility\` hides could go out under another name`, `in the config, give ${name} its new name under \`visibility\` of ${schema}.${table}`);
  }
  const flags = new Set(visibility.flags.values());
  const strict = (fields: Fields | null): Fields | null =>
    fields === null ? null : new Map([...fields].map(([name, value]) => [name, flags.has(name) && typeof value.text === 'string' && value.typeOid !== BOOL ? NOT_VISIBLE : value]));
  return { row: strict(row), old: strict(old) };
}

const NOT_VISIBLE: FieldValue = { typeOid: BOOL, text: 'f', json: 'false' };

function withNamed(old: Fields | null, names: readonly string[]): Fields {
  const fields = new Map(old);
  for (const name of names) if (!fields.has(name)) fields.set(name, UNTOLD_FIELD);
  return fields;
}

/** @param isJson the column shows values of several types */
function textOf(value: FieldValue | undefined, isJson: boolean): FieldValue['text'] {
  if (value === undefined) return UNTOLD;
  return isJson && typeof value.text === 'string' ? value.json : value.text;
}

function transactionOf({ committedAt, xid, lsn }: ToldChange, { offset }: RecordPlace): Transaction {
  return { commitLsn: offset, xid, committedAt: committedAt + UNIX_EPOCH, ...(lsn === null ? {} : { toldLsn: lsn }) };
}

function toldOf({ event }: ToldChange, names: readonly string[]): Told | null {
  if (event === null) return null;
  const set = (of: ReadonlySet<string>): Uint8Array => Uint8Array.from(names, (name) => (of.has(name) ? 1 : 0));
  const { changed, hidden, isBackfill, isVisibilityUpdate } = event;
  return { isBackfill, isVisibilityUpdate, hidden: hidden.size === 0 ? null : set(hidden), changed: changed === null ? null : set(changed) };
}

/** 32 bits, the same in every process. */
function hashOf(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0);
}

function nameOf({ schema, table }: { readonly schema: string; readonly table: string }): string {
  return `${schema}.${table}`;
}
