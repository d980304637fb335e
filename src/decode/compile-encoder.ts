import { arrayReader, vectorReader } from './array.ts';
import { compositeReader } from './composite.ts';
import { encodeTimestamp, encodeTimestamptz } from './datetime.ts';
import type { Encoder, LargeNumbers } from './encoder.ts';
import { encodeHstore } from './hstore.ts';
import { encodeBytea, encodeJson, encodePlain, encodeText } from './json-string.ts';
import { encodeFloat, encodeInteger, encodeNumeric, exactNumbers } from './number.ts';
import type { CompositeType, DomainType, PgType } from './pg-type.ts';

/** What a compiler needs of the catalog. */
interface Types {
  describe(oid: number): Exclude<PgType, DomainType>;
  encoder(oid: number, options: { readonly largeNumbers: LargeNumbers }): Encoder;
}

const SMALL_T = 0x74;

/** Built-in types that print nothing but ASCII without quotes, backslashes and control characters. */
const PLAIN: ReadonlySet<string> = new Set([
  'uuid', 'time', 'timetz', 'interval', 'inet', 'cidr', 'macaddr', 'macaddr8', 'bit', 'varbit', 'oid', 'xid', 'xid8', 'pg_lsn',
]);

/** Makes the encoder of a type from those of its parts. */
export function compileEncoder(types: Types, oid: number, largeNumbers: LargeNumbers): Encoder {
  const type = types.describe(oid);
  switch (type.kind) {
    case 'bool':
      return encodeBool;
    case 'int':
      return exactNumbers(encodeInteger, largeNumbers);
    case 'numeric':
      return exactNumbers(encodeNumeric, largeNumbers);
    case 'float':
      return encodeFloat;
    case 'timestamp':
      return encodeTimestamp;
    case 'timestamptz':
      return encodeTimestamptz;
    case 'json':
      return encodeJson;
    case 'hstore':
      return encodeHstore;
    case 'array':
      return arrayReader(type.delimiter, { nothing: 'null', item: types.encoder(type.element, { largeNumbers }), list });
    case 'vector':
      return vectorReader({ nothing: 'null', item: types.encoder(type.element, { largeNumbers }), list });
    case 'composite':
      return compileComposite(types, type, largeNumbers);
    case 'date':
      return encodePlain;
    default: // text
      if (type.name === 'bytea') return encodeBytea;
      return PLAIN.has(type.name) ? encodePlain : encodeText;
  }
}

function compileComposite(types: Types, type: CompositeType, largeNumbers: LargeNumbers): Encoder {
  const names = type.attributes.map((attribute) => `${JSON.stringify(attribute.name)}:`);
  return compositeReader({
    nothing: 'null',
    fields: type.attributes.map((attribute) => types.encoder(attribute.type, { largeNumbers })),
    record: (values) => `{${values.map((value, i) => `${names[i]}${value}`).join(',')}}`,
  });
}

function list(items: string[]): string {
  return `[${items.join(',')}]`;
}

function encodeBool(bytes: Buffer, start: number): string {
  return bytes[start] === SMALL_T ? 'true' : 'false';
}
