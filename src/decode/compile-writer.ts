import type { JsonWriter, WriteJson } from '../codec.ts';
import { JsonOutput } from '../json-output.ts';
import { arrayWriter, vectorReader } from './array.ts';
import { compositeReader } from './composite.ts';
import type { Encoder, LargeNumbers } from './encoder.ts';
import { encodeHstore } from './hstore.ts';
import type { CompositeType, DomainType, PgType } from './pg-type.ts';
import { scalarWriter } from './scalar-writer.ts';

/** What a compiler needs of the catalog. */
interface Types {
  describe(oid: number): Exclude<PgType, DomainType>;
  encoder(oid: number, options: { readonly largeNumbers: LargeNumbers }): Encoder;
  writer(oid: number, options: { readonly largeNumbers: LargeNumbers }): JsonWriter;
}

/** Makes the writer of a type from those of its parts. */
export function compileWriter(types: Types, oid: number, largeNumbers: LargeNumbers): JsonWriter {
  const type = types.describe(oid);
  switch (type.kind) {
    case 'array':
      return { way: 'made', write: arrayWriter(type.delimiter, types.writer(type.element, { largeNumbers }).write) };
    case 'vector':
      return writerOf(vectorReader({ nothing: 'null', item: types.encoder(type.element, { largeNumbers }), list }));
    case 'composite':
      return writerOf(compileComposite(types, type, largeNumbers));
    case 'hstore':
      return writerOf(encodeHstore);
    default:
      return scalarWriter(type, largeNumbers);
  }
}

/** The same for whoever wants a string. */
export function encoderOf({ write }: JsonWriter): Encoder {
  const out = new JsonOutput();
  return (bytes, start, end) => {
    out.clear();
    write(bytes, start, end, out);
    return out.take();
  };
}

/** For what is put together of strings. */
function writerOf(encode: Encoder): JsonWriter {
  const write: WriteJson = (bytes, start, end, out) => out.string(encode(bytes, start, end));
  return { way: 'made', write };
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
