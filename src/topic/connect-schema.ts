import { isBlank } from './blank-value.ts';
import { connectValue, type ReadField } from './connect-value.ts';
import { jsonField, jsonFields, UNTOLD_FIELD } from './json-field.ts';
import { itemsOf, type Members, membersOf, stringOf } from './json-text.ts';
import type { Fields, FieldValue } from './told-change.ts';

/** Debezium's text in place of a TOASTed value that the WAL does not carry: as text, as bytes, as a map, and as the one item of a list. */
const UNAVAILABLE = '__debezium_unavailable_value';
const UNAVAILABLE_BYTES = Buffer.from(UNAVAILABLE).toString('base64');
const UNAVAILABLE_MAP = JSON.stringify({ [UNAVAILABLE]: UNAVAILABLE });
const UNAVAILABLE_JSON: ReadonlySet<string> = new Set([
  `"${UNAVAILABLE}"`,
  `"${UNAVAILABLE_BYTES}"`,
  // An hstore, which is JSON in a string unless the connector is told otherwise.
  UNAVAILABLE_MAP,
  JSON.stringify(UNAVAILABLE_MAP),
  `["${UNAVAILABLE}"]`,
  `["${UNAVAILABLE_BYTES}"]`,
  `[${[...Buffer.from(UNAVAILABLE)].join(',')}]`,
  // A list of uuid: Java's UUID.nameUUIDFromBytes of the text.
  '["b68a35a7-17ad-35b3-af2a-ae46edb4545a"]',
]);

/** Reads the rows of an envelope. */
export interface ConnectRows {
  readonly isTyped: boolean;
  readonly before: (members: Members) => Fields;
  readonly after: (members: Members) => Fields;
  /** Whether a value of the row before may be there because nobody knows it. */
  readonly isBlank: (name: string, json: string) => boolean;
}

/** @param schema Kafka Connect's schema of the envelope, in JSON; empty if the value has none */
export function connectRows(schema: string): ConnectRows {
  const rows = new Map(fieldsOf(membersOf(schema)).map((field) => [stringOf(field.get('field')), field] as const));
  const before = readersOf(rows.get('before'));
  const after = readersOf(rows.get('after'));
  const isTyped = before !== null || after !== null;
  if (!isTyped) return { isTyped, before: untyped, after: untyped, isBlank: (_name, json) => isBlank(json) };
  const columns = new Map(fieldsOf(rows.get('before') ?? rows.get('after') ?? null).map((field) => [stringOf(field.get('field')), field] as const));
  // Both are of the same type.
  return { isTyped, isBlank: (name, json) => isBlankOf(columns.get(name), json), before: typed(before ?? after ?? new Map()), after: typed(after ?? before ?? new Map()) };
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

/** A column that has a default has that in the place of null, too: JsonConverter's replace.null.with.default. */
function isBlankOf(field: Members | undefined, json: string): boolean {
  const byDefault = field?.get('default');
  if (json === 'null' || byDefault !== undefined) return json === 'null' || json === byDefault;
  return field?.get('optional') !== 'true' && isBlank(json);
}

function isUnavailable(json: string): boolean {
  return (json[0] === '"' || json[0] === '[' || json[0] === '{') && UNAVAILABLE_JSON.has(json);
}

function readersOf(struct: Members | undefined): ReadonlyMap<string, ReadField> | null {
  if (struct === undefined || stringOf(struct.get('type')) !== 'struct') return null;
  return new Map(fieldsOf(struct).map((field) => [stringOf(field.get('field')) ?? '', connectValue(field)]));
}

function fieldsOf(struct: Members | null): Members[] {
  return (itemsOf(struct?.get('fields')) ?? []).flatMap((item) => membersOf(item) ?? []);
}
