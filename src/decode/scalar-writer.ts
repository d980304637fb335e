import type { JsonWriter } from '../codec.ts';
import { type JsonOutput, piece } from '../json-output.ts';
import { writeTimestamp, writeTimestamptz } from './datetime.ts';
import type { LargeNumbers } from './encoder.ts';
import { writeBytea, writeJson, writeQuoted, writeText } from './json-string.ts';
import { writeExactNumber, writeFloat, writeNumber } from './number.ts';
import type { ScalarType } from './pg-type.ts';

const SMALL_T = 0x74;
const TRUE = piece('true');
const FALSE = piece('false');

/** Built-in types that print nothing but ASCII without quotes, backslashes and control characters. */
const PLAIN: ReadonlySet<string> = new Set([
  'uuid', 'time', 'timetz', 'interval', 'inet', 'cidr', 'macaddr', 'macaddr8', 'bit', 'varbit', 'oid', 'xid', 'xid8', 'pg_lsn',
]);

/** The writer of a type that has no parts. */
export function scalarWriter({ kind, name }: ScalarType, largeNumbers: LargeNumbers): JsonWriter {
  switch (kind) {
    case 'bool':
      return { way: 'made', write: writeBool };
    case 'int':
    case 'numeric':
      return largeNumbers === 'number' ? { way: 'number', write: writeNumber } : { way: 'made', write: writeExactNumber };
    case 'float':
      return { way: 'made', write: writeFloat };
    case 'timestamp':
      return { way: 'made', write: writeTimestamp };
    case 'timestamptz':
      return { way: 'made', write: writeTimestamptz };
    case 'json':
      return { way: 'made', write: writeJson };
    case 'date':
      return { way: 'quoted', write: writeQuoted };
    default: // text
      if (name === 'bytea') return { way: 'made', write: writeBytea };
      return PLAIN.has(name) ? { way: 'quoted', write: writeQuoted } : { way: 'text', write: writeText };
  }
}

function writeBool(bytes: Buffer, start: number, _end: number, out: JsonOutput): void {
  out.piece(bytes[start] === SMALL_T ? TRUE : FALSE);
}
