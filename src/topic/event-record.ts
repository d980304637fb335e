import type { ChangeKind } from '../change.ts';
import { type Lsn, parseLsn } from '../lsn.ts';
import { jsonField, jsonFields, UNTOLD_FIELD } from './json-field.ts';
import { countOf, itemsOf, type Members, membersOf, stringOf } from './json-text.ts';
import { parsedText } from './parsed-text.ts';
import type { Fields, FieldValue, RecordFormat, ToldChange } from './told-change.ts';
import { unreadableRecord } from './unreadable-record.ts';

const KINDS: ReadonlyMap<string | null, ChangeKind> = new Map([
  ['data_insert', 'insert'],
  ['data_update', 'update'],
  ['visibility_update', 'update'],
  ['delete', 'delete'],
  ['truncate', 'truncate'],
]);

/** What stands for a value that was hidden before it got here. It is hidden here too, so nobody reads it. */
const HIDDEN: FieldValue = { typeOid: 0, text: null, json: '' };

export interface EventTable {
  readonly schema: string;
  readonly table: string;
  readonly lookup: readonly string[];
}

/**
 * Reads walhook's own events: bodies of `format: event`.
 * @param tables those of the configuration: which one an event is of is told by its `meta`, as far as that has it
 */
export function eventFormat(tables: readonly EventTable[]): RecordFormat {
  return ({ value, timestamp }) => {
    if (value === null) return null;
    const event = membersOf(parsedText(value));
    const meta = membersOf(event?.get('meta'));
    const data = membersOf(event?.get('data'));
    if (event === null || meta === null || data === null) throw unreadableRecord('the value is no event of walhook: it has no `data` and `meta`', 'the hook that fills the topic needs `format: event`');
    const operation = stringOf(meta.get('operation'));
    const kind = KINDS.get(operation);
    if (kind === undefined) throw unreadableRecord('`meta.operation` of the event is none of those that there are');
    const table = tableOf(meta, tables);
    const hidden = namesIn(event.get('redacted')) ?? new Set<string>();
    const changed = namesIn(meta.get('changed'));
    const rows = rowsOf({ kind, data, meta, hidden, changed, lookup: table?.lookup ?? [] });
    return {
      ...placeOf(meta, timestamp),
      schema: table?.schema ?? stringOf(meta.get('schema')) ?? 'public',
      table: table?.table ?? stringOf(meta.get('table')) ?? '',
      kind,
      ...rows,
      isTyped: false,
      key: [],
      event: { isVisibilityUpdate: operation === 'visibility_update', isBackfill: meta.get('backfill') === 'true', hidden, changed },
    };
  };
}

/** Null for a table that is not configured. @throws WalhookError `unreadable_record` if nothing tells the table */
function tableOf(meta: Members, tables: readonly EventTable[]): EventTable | null {
  const schema = stringOf(meta.get('schema'));
  const name = stringOf(meta.get('table'));
  const [only] = tables;
  if (name === null && tables.length === 1 && only !== undefined) return only;
  if (name === null) throw unreadableRecord('the event does not say of which table it is', 'the hook that fills the topic needs `meta: [schema, table]`, where the configuration has more than one table');
  const named = tables.filter((one) => one.table === name && (schema === null || one.schema === schema));
  if (named.length > 1) throw unreadableRecord(`the event is of a table ${name}, but does not say of which schema`, 'the hook that fills the topic needs `meta: [schema, table]`');
  return named[0] ?? null;
}

interface Told {
  readonly kind: ChangeKind;
  readonly data: Members;
  readonly meta: Members;
  readonly hidden: ReadonlySet<string>;
  readonly changed: ReadonlySet<string> | null;
  readonly lookup: readonly string[];
}

function rowsOf(told: Told): Pick<ToldChange, 'row' | 'old'> {
  const { kind, data, meta, hidden, lookup } = told;
  if (kind === 'truncate') return { row: null, old: null };
  const fields = new Map(jsonFields(data));
  for (const name of hidden) if (fields.has(name)) fields.set(name, HIDDEN);
  for (const name of namesIn(meta.get('unchanged')) ?? []) fields.set(name, UNTOLD_FIELD);
  const before = new Map<string, FieldValue>();
  for (const item of itemsOf(meta.get('lookup_values')) ?? []) {
    const entry = membersOf(item);
    const name = stringOf(entry?.get('field'));
    const now = entry?.get('value');
    const previous = entry?.get('previous_value');
    if (name === null || now === undefined) continue;
    // A delete's data has the key alone. Of another event it may have been left out.
    if (!fields.has(name) && (kind === 'delete' || lookup.includes(name))) fields.set(name, jsonField(now));
    if (previous !== undefined) before.set(name, jsonField(previous));
  }
  if (kind === 'delete') return { row: null, old: fields };
  return { row: fields, old: kind === 'update' ? rowBefore(fields, before, told) : null };
}

/** What is known of the row before an update: what did not change, and what the lookup values tell. */
function rowBefore(row: Fields, before: Fields, { changed, hidden }: Told): Fields | null {
  if (changed === null && before.size === 0) return null;
  const isSame = (name: string): boolean => changed !== null && !changed.has(name) && !hidden.has(name);
  return new Map([...row].map(([name, value]) => [name, before.get(name) ?? (isSame(name) ? value : UNTOLD_FIELD)]));
}

function placeOf(meta: Members, timestamp: number): Pick<ToldChange, 'committedAt' | 'xid' | 'lsn'> {
  const xid = countOf(meta.get('xid'));
  return {
    committedAt: microsOf(stringOf(meta.get('committed_at'))) ?? BigInt(Math.round(timestamp)) * 1000n,
    xid: xid === null ? 0 : Number(xid),
    lsn: lsnOf(stringOf(meta.get('lsn'))),
  };
}

/** ISO 8601 with microseconds → Unix microseconds, exactly. */
function microsOf(text: string | null): bigint | null {
  const match = text === null ? null : /^(.*T\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  const seconds = Date.parse(`${match?.[1] ?? ''}${match?.[3] ?? ''}`);
  return Number.isNaN(seconds) ? null : BigInt(seconds) * 1000n + BigInt((match?.[2] ?? '').padEnd(6, '0'));
}

function lsnOf(text: string | null): Lsn | null {
  try {
    return text === null ? null : parseLsn(text);
  } catch {
    return null;
  }
}

/** The strings of a list; null for what is no list. */
function namesIn(json: string | undefined): ReadonlySet<string> | null {
  const items = itemsOf(json);
  return items === null ? null : new Set(items.flatMap((item) => stringOf(item) ?? []));
}
