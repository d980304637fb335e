import type { ChangeKind } from '../change.ts';
import { type ConnectRows, connectRows } from './connect-schema.ts';
import { countOf, type Members, membersIn, membersOf, stringOf } from './json-text.ts';
import { parsedText } from './parsed-text.ts';
import { type Fields, type RecordFormat, type ToldChange, type TopicRecord, UNTOLD } from './told-change.ts';
import { unreadableRecord } from './unreadable-record.ts';

/** Debezium's `op`. `m`, a logical message, is no change. */
const KINDS: ReadonlyMap<string | null, ChangeKind> = new Map([
  ['c', 'insert'],
  ['r', 'insert'],
  ['u', 'update'],
  ['d', 'delete'],
  ['t', 'truncate'],
]);

/** So many schemas are kept compiled: one for each table, and for each shape that it has had. */
const MOST_SCHEMAS = 256;

export interface DebeziumTable {
  readonly schema: string;
  readonly table: string;
  /** `full`: the row before is whole, whatever it looks like. */
  readonly replica_identity: 'full' | null;
}

/**
 * Reads Debezium's envelopes in Kafka Connect's JSON, with schemas or without.
 * https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-events
 *
 * @param tables those of the configuration
 */
export function debeziumFormat(tables: readonly DebeziumTable[]): RecordFormat {
  const whole = new Set(tables.filter(({ replica_identity: identity }) => identity === 'full').map(({ schema, table }) => `${schema}.${table}`));
  const schemas = new Map<string, ConnectRows>();
  const rowsOf = (schema: string | undefined): ConnectRows => {
    const text = membersOf(schema) === null ? '' : (schema ?? '');
    let rows = schemas.get(text);
    if (rows === undefined) {
      if (schemas.size === MOST_SCHEMAS) schemas.clear();
      schemas.set(text, (rows = connectRows(text)));
    }
    return rows;
  };
  return (record) => {
    // A tombstone: it follows a delete, for the sake of log compaction.
    if (record.value === null) return null;
    const value = membersOf(parsedText(record.value));
    if (value === null) throw unreadableRecord('the value is no object');
    const isWrapped = value.has('payload') && (value.has('schema') || !value.has('op'));
    if (isWrapped && value.get('payload') === 'null') return null;
    const envelope = isWrapped ? membersIn(value, 'payload') : value;
    const operation = stringOf(envelope.get('op'));
    if (operation === 'm') return null;
    const kind = KINDS.get(operation);
    if (kind === undefined) {
      throw unreadableRecord('the value is no change event of Debezium: it has no `op` that is known', 'the topic must have whole envelopes: no ExtractNewRecordState before it, no CloudEvents, and no heartbeats, transactions or schema changes in it');
    }
    return changeOf(record, { kind, operation, envelope, rows: rowsOf(isWrapped ? value.get('schema') : undefined), whole });
  };
}

interface Envelope {
  readonly kind: ChangeKind;
  readonly operation: string | null;
  readonly envelope: Members;
  readonly rows: ConnectRows;
  /** Tables whose rows before are whole. */
  readonly whole: ReadonlySet<string>;
}

function changeOf(record: TopicRecord, { kind, operation, envelope, rows, whole }: Envelope): ToldChange {
  const source = membersIn(envelope, 'source');
  const table = stringOf(source.get('table'));
  // MySQL and MariaDB have no schemas: there the database is what Postgres calls one.
  const schema = stringOf(source.get('schema')) ?? stringOf(source.get('db'));
  if (table === null || schema === null) throw unreadableRecord('`source` does not say of which table the change is: it has no `table` with a `schema` or `db`');
  const before = membersOf(envelope.get('before'));
  const after = membersOf(envelope.get('after'));
  const key = keyOf(record);
  const row = kind === 'insert' || kind === 'update' ? after : null;
  const old = kind === 'update' || kind === 'delete' ? before : null;
  if (row === null && (kind === 'insert' || kind === 'update')) throw unreadableRecord(`the change has \`op\` ${operation}, and no \`after\``);
  if (old === null && kind === 'delete') throw unreadableRecord('the change is a delete, and has no `before`', 'the table may have no primary key: it needs REPLICA IDENTITY FULL');
  // Of a delete, Debezium for Postgres fills up what is NOT NULL.
  const isUnknown = kind === 'delete' && stringOf(source.get('connector')) === 'postgresql' ? rows.isBlank : (_name: string, json: string) => json === 'null';
  const isKey = old !== null && !whole.has(`${schema}.${table}`) && hasKeyAlone(old, key, isUnknown);
  return {
    schema,
    table,
    kind,
    row: row === null ? null : rows.after(row),
    old: old === null ? null : isKey ? keyAlone(old, key, rows) : rows.before(old),
    isTyped: rows.isTyped,
    key,
    event: operation === 'r' ? { isVisibilityUpdate: false, isBackfill: true, hidden: new Set(), changed: null } : null,
    committedAt: committedAt(source, envelope) ?? BigInt(Math.round(record.timestamp)) * 1000n,
    xid: Number(countOf(source.get('txId')) ?? 0n) >>> 0,
    lsn: countOf(source.get('lsn')),
  };
}

/** Without REPLICA IDENTITY FULL Debezium tells the key, and has nothing that says anything for the rest. */
function hasKeyAlone(old: Members, key: readonly string[], isUnknown: ConnectRows['isBlank']): boolean {
  return key.length > 0 && key.length < old.size && [...old].every(([name, json]) => key.includes(name) || isUnknown(name, json));
}

function keyAlone(old: Members, key: readonly string[], rows: ConnectRows): Fields {
  const fields = rows.before(new Map([...old].map(([name, json]) => [name, key.includes(name) ? json : 'null'])));
  return new Map([...fields].map(([name, value]) => [name, key.includes(name) ? value : { ...value, text: UNTOLD }]));
}

/** Names of the columns in the record's key. */
function keyOf({ key }: TopicRecord): readonly string[] {
  if (key === null) return [];
  let members: Members | null;
  try {
    members = membersOf(parsedText(key));
  } catch {
    return [];
  }
  const payload = members?.has('schema') === true ? membersOf(members.get('payload')) : null;
  return [...(payload ?? members ?? new Map<string, string>()).keys()];
}

/** When it was committed, in Unix microseconds; else when Debezium saw it. */
function committedAt(source: Members, envelope: Members): bigint | null {
  for (const members of [source, envelope]) {
    const micros = countOf(members.get('ts_us')) ?? (countOf(members.get('ts_ms')) ?? 0n) * 1000n;
    // In a snapshot the source's may be 0.
    if (micros > 0n) return micros;
  }
  return null;
}
