import { bitsText, byteaText, decimalText, pointText, variableDecimalText } from './connect-binary.ts';
import { clockText, dateText, durationText, momentText, NANO, SECOND, zonedClockText, zonedMomentText } from './connect-time.ts';
import { itemsOf, type Members, membersIn, membersOf, stringOf } from './json-text.ts';
import type { FieldValue } from './told-change.ts';
import { BOOL, BYTEA, DATE, FLOAT4, FLOAT8, INT4, INT8, INTERVAL, JSONB, NUMERIC, POINT, TEXT_TYPE, TIME, TIMESTAMP, TIMESTAMPTZ, TIMETZ, UUID, VARBIT } from './type-oids.ts';
import { unreadableRecord } from './unreadable-record.ts';

/** A value in Kafka Connect's JSON → what Postgres would write. */
export type ReadField = (json: string) => FieldValue;

/** A type of Postgres, and the text of a value that is not null; null: it is none of that type. */
interface Reading {
  readonly typeOid: number;
  readonly text: (json: string) => string | null;
}

/**
 * The reader of what a field's schema describes. What is not known goes on as the JSON that it is.
 * It throws `unreadable_record` for a value that is none of its type.
 */
export function connectValue(schema: Members): ReadField {
  const { typeOid, text } = readingOf(schema);
  return (json) => {
    if (json === 'null') return { typeOid, text: null, json };
    const read = text(json);
    if (read !== null) return { typeOid, text: read, json };
    const type = stringOf(schema.get('name')) ?? stringOf(schema.get('type')) ?? 'its type';
    throw unreadableRecord(`the value of column ${stringOf(schema.get('field')) ?? ''} cannot be read as ${type}`);
  };
}

const asJson: Reading = { typeOid: JSONB, text: (json) => json };
const asText: Reading = { typeOid: TEXT_TYPE, text: content };

function readingOf(schema: Members): Reading {
  return namedReading(schema) ?? plainReading(schema);
}

/**
 * By the schema's name: https://debezium.io/documentation/reference/stable/connectors/postgresql.html#postgresql-data-types
 * Null for one that says no more than its type.
 */
function namedReading(schema: Members): Reading | null {
  switch (stringOf(schema.get('name'))) {
    case 'io.debezium.time.Date':
    case 'org.apache.kafka.connect.data.Date':
      return { typeOid: DATE, text: dateText };
    // time.precision.mode=isostring
    case 'io.debezium.time.IsoDate':
      return { typeOid: DATE, text: dateText };
    case 'io.debezium.time.IsoTime':
      return { typeOid: TIME, text: (json) => content(json).replace(/Z$/, '') };
    case 'io.debezium.time.IsoTimestamp':
      return { typeOid: TIMESTAMP, text: (json) => zonedMomentText(content(json))?.replace('+00', '') ?? null };
    case 'io.debezium.time.Timestamp':
    case 'org.apache.kafka.connect.data.Timestamp':
      return { typeOid: TIMESTAMP, text: (json) => momentText(json, SECOND / 1000n) };
    case 'io.debezium.time.MicroTimestamp':
      return { typeOid: TIMESTAMP, text: (json) => momentText(json, 1n) };
    case 'io.debezium.time.NanoTimestamp':
      return { typeOid: TIMESTAMP, text: (json) => momentText(json, NANO) };
    case 'io.debezium.time.ZonedTimestamp':
      return { typeOid: TIMESTAMPTZ, text: (json) => zonedMomentText(content(json)) };
    case 'io.debezium.time.Time':
    case 'org.apache.kafka.connect.data.Time':
      return { typeOid: TIME, text: (json) => clockText(json, SECOND / 1000n) };
    case 'io.debezium.time.MicroTime':
      return { typeOid: TIME, text: (json) => clockText(json, 1n) };
    case 'io.debezium.time.NanoTime':
      return { typeOid: TIME, text: (json) => clockText(json, NANO) };
    case 'io.debezium.time.ZonedTime':
      return { typeOid: TIMETZ, text: (json) => zonedClockText(content(json)) };
    case 'io.debezium.time.MicroDuration':
      return { typeOid: INTERVAL, text: (json) => durationText(json, 1n) };
    case 'io.debezium.time.NanoDuration':
      return { typeOid: INTERVAL, text: (json) => durationText(json, NANO) };
    case 'org.apache.kafka.connect.data.Decimal':
      return { typeOid: NUMERIC, text: (json) => decimalText(json, Number(parameterOf(schema, 'scale') ?? 0)) };
    case 'io.debezium.data.VariableScaleDecimal':
      return { typeOid: NUMERIC, text: variableDecimalText };
    case 'io.debezium.data.Json':
      return { typeOid: JSONB, text: content };
    case 'io.debezium.data.Uuid':
      return { typeOid: UUID, text: content };
    case 'io.debezium.data.Bits':
      return { typeOid: VARBIT, text: (json) => bitsText(json, Number(parameterOf(schema, 'length') ?? 0)) };
    case 'io.debezium.data.geometry.Point':
      return { typeOid: POINT, text: pointText };
    default:
      return null;
  }
}

function plainReading(schema: Members): Reading {
  switch (stringOf(schema.get('type'))) {
    case 'boolean':
      return { typeOid: BOOL, text: (json) => (json === 'true' ? 't' : 'f') };
    case 'int8':
    case 'int16':
    case 'int32':
      return { typeOid: INT4, text: content };
    case 'int64':
      return { typeOid: INT8, text: content };
    case 'float':
    case 'float32':
      return { typeOid: FLOAT4, text: floatText };
    case 'double':
    case 'float64':
      return { typeOid: FLOAT8, text: floatText };
    case 'bytes':
      return { typeOid: BYTEA, text: byteaText };
    case 'string':
      return asText;
    case 'array':
      return listReading(membersIn(schema, 'items'));
    default:
      return asJson;
  }
}

/** As a list in JSON, its items as their types are written: what `to_jsonb` gives of an array. */
function listReading(items: Members): Reading {
  const { typeOid, text } = readingOf(items);
  if (AS_THEY_ARE.has(typeOid)) return asJson;
  const item = (json: string): string => {
    const value = json === 'null' ? null : text(json);
    if (value === null) return 'null';
    if (typeOid === NUMERIC && /\d$/.test(value)) return value;
    if (typeOid === JSONB) return value;
    // As in JSON, and not as Postgres prints them.
    return JSON.stringify(typeOid === TIMESTAMP || typeOid === TIMESTAMPTZ ? value.replace(' ', 'T').replace(/\+00$/, '+00:00') : value);
  };
  return { typeOid: JSONB, text: (json) => `[${(itemsOf(json) ?? []).map(item).join(',')}]` };
}

/** Types whose JSON in a record is that of a body. */
const AS_THEY_ARE: ReadonlySet<number> = new Set([BOOL, INT4, INT8, FLOAT4, FLOAT8, TEXT_TYPE, UUID]);

/** Java writes `1.0E10`, and `NaN` in quotes. */
function floatText(json: string): string {
  return content(json).replace('E', 'e');
}

/** What a string says, and the digits of a number. */
function content(json: string): string {
  return stringOf(json) ?? json;
}

/** What a schema's `parameters` say under a name. */
function parameterOf(schema: Members, name: string): string | null {
  return stringOf(membersIn(schema, 'parameters').get(name)) ?? membersOf(schema.get('parameters'))?.get(name) ?? null;
}
