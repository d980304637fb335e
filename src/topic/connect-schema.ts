import { connectValue, type ReadField } from './connect-value.ts';
import { jsonField, jsonFields, UNTOLD_FIELD } from './json-field.ts';
import { itemsOf, type Members, membersOf, stringOf } from './json-text.ts';
import type { Fields, FieldValue } from './told-change.ts';

/** Debezium's text in place of a TOASTed value that the WAL does not carry: as text, as bytes, and as the one item of a list. */
const UNAVAILABLE = '__debezium_unavailable_value';
const UNAVAILABLE_JSON: ReadonlySet<string> = new Set([
  `"${UNAVAILABLE}"`,
  `"${Buffer.from(UNAVAILABLE).toString('base64')}"`,
  `["${UNAVAILABLE}"]`,
  `[${[...Buffer.from(UNAVAILABLE)].join(',')}]`,
]);

/** Reads the rows of an envelope. */
export interface ConnectRows {
  readonly isTyped: boolean;
  readonly before: (members: Members) => Fields;
  readonly after: (members: Members) => Fields;
}

/** @param schema Kafka Connect's schema of the envelope, in JSON; empty if the value has none */
export function connectRows(schema: string): ConnectRows {
  const rows = new Map(fieldsOf(membersOf(schema)).map((field) => [stringOf(field.get('field')), field] as const));
  const before = readersOf(rows.get('before'));
  const after = readersOf(rows.get('after'));
  const isTyped = before !== null || after !== null;
  if (!isTyped) return { isTyped, before: untyped, after: untyped };
  // Both are of the same type.
  return { isTyped, before: typed(before ?? after ?? new Map()), after: typed(after ?? before ?? new Map()) };
}

function typed(readers: ReadonlyMap<string, ReadField>): (members: Members) => Fields {
  return (members) => new Map([...members].map(([name, json]) => [name, read(json, readers.get(name) ?? jsonField)]));
}

function untyped(members: Members): Fields {
  const fields = jsonFields(members);
  const untold = [...members].filter(([, json]) => isUnavailable(json));
  return untold.length === 0 ? fields : new Map([...fields, ...untold.map(([name]) => [name, UNTOLD_FIELD] as const)]);
}

function read(json: string, reader: ReadField): FieldValue {
  return isUnavailable(json) ? { ...UNTOLD_FIELD, typeOid: reader('null').typeOid } : reader(json);
}

function isUnavailable(json: string): boolean {
  return (json[0] === '"' || json[0] === '[') && UNAVAILABLE_JSON.has(json);
}

function readersOf(struct: Members | undefined): ReadonlyMap<string, ReadField> | null {
  if (struct === undefined || stringOf(struct.get('type')) !== 'struct') return null;
  return new Map(fieldsOf(struct).map((field) => [stringOf(field.get('field')) ?? '', connectValue(field)]));
}

function fieldsOf(struct: Members | null): Members[] {
  return (itemsOf(struct?.get('fields')) ?? []).flatMap((item) => membersOf(item) ?? []);
}
