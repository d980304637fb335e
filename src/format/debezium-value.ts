import type { Column } from '../change.ts';
import type { Codecs, ToJson } from '../codec.ts';
import { bits, bytea, decimal, decimalText, oneBit, point, variableDecimal } from './debezium-binary.ts';
import { date, interval, time, timestamp, timestamptz, timetz } from './debezium-time.ts';

type ColumnType = Pick<Column, 'typeOid' | 'typmod'>;

/** What Debezium says in place of a TOASTed value that the WAL does not carry. */
const UNAVAILABLE = '__debezium_unavailable_value';

/** Bytes of a typmod before what the column says of its type. */
const VARHDRSZ = 4;

/**
 * The encoder of a column's values, as Debezium's Postgres connector writes them unless told otherwise, in Kafka
 * Connect's JSON without schemas. Types that Debezium leaves out are as in the event body.
 * @param numbers `string`: numerics as text, Debezium's `decimal.handling.mode=string`, and integers beyond 2^53 too
 */
export function debeziumValue(codecs: Codecs, { typeOid, typmod }: ColumnType, numbers: 'number' | 'string'): ToJson {
  const { kind, name, element } = codecs.shape(typeOid);
  const plain = codecs.json(typeOid, numbers);
  if (kind === 'array') {
    // Times within an array are in microseconds, whatever the column says.
    const ofElement = codecs.shape(element).name === 'time' ? -1 : typmod;
    return codecs.jsonArray(typeOid, debeziumValue(codecs, { typeOid: element, typmod: ofElement }, numbers));
  }
  if (kind === 'hstore') return (bytes, start, end) => JSON.stringify(plain(bytes, start, end));
  switch (name) {
    case 'json':
    case 'jsonb':
      return (bytes, start, end) => JSON.stringify(bytes.utf8Slice(start, end));
    case 'oid':
      return (bytes, start, end) => bytes.latin1Slice(start, end);
    case 'numeric':
      if (numbers === 'string') return decimalText;
      return typmod < VARHDRSZ ? variableDecimal : decimal(scaleOf(typmod));
    case 'bytea':
      return bytea;
    case 'bit':
    case 'varbit':
      return typmod === 1 ? oneBit : bits;
    case 'point':
      return point;
    case 'date':
      return date;
    case 'time':
      return time(typmod);
    case 'timestamp':
      return timestamp(typmod);
    case 'timestamptz':
      return timestamptz;
    case 'timetz':
      return timetz;
    case 'interval':
      return interval;
    default:
      return plain;
  }
}

/** The JSON that stands for a value of the column that the WAL does not carry: of the type that its values have. */
export function unavailable(codecs: Codecs, { typeOid }: Pick<Column, 'typeOid'>): string {
  const { kind, name, element } = codecs.shape(typeOid);
  if (kind === 'array') {
    const isInteger = ['int2', 'int4', 'int8'].includes(codecs.shape(element).name);
    return JSON.stringify(isInteger ? [...Buffer.from(UNAVAILABLE)] : [UNAVAILABLE]);
  }
  return JSON.stringify(name === 'bytea' ? Buffer.from(UNAVAILABLE).toString('base64') : UNAVAILABLE);
}

/**
 * Digits after the point of a numeric(p,s), which may be less than none.
 * https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c (numeric_typmod_scale)
 */
function scaleOf(typmod: number): number {
  return (((typmod - VARHDRSZ) & 0x7ff) ^ 1024) - 1024;
}
