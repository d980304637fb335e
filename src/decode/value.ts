import { arrayReader, vectorReader } from './array.ts';
import { compositeReader } from './composite.ts';
import { readMoment } from './datetime.ts';
import { readHstore } from './hstore.ts';
import { smallInteger } from './number.ts';
import type { CompositeType, DomainType, PgType } from './pg-type.ts';
import { readJson } from './json-value.ts';

/** Turns a value's text, as Postgres' output function made it, into what an expression computes with. */
export type ValueReader = (bytes: Buffer, start: number, end: number) => unknown;

/** What a compiler needs of the catalog. */
interface Types {
  describe(oid: number): Exclude<PgType, DomainType>;
}

const SMALL_T = 0x74;

/**
 * The reader of a type: bool → boolean; integers → bigint, which is CEL's int; float and numeric → number; date,
 * timestamp (as UTC) and timestamptz → Date, to the millisecond; json → what it holds, integers as bigint; arrays →
 * arrays; composites and hstore → objects without a prototype; the rest → their text.
 * Throws a RangeError unless the type is loaded.
 */
export function compileValue(types: Types, oid: number): ValueReader {
  const type = types.describe(oid);
  switch (type.kind) {
    case 'bool':
      return (bytes, start) => bytes[start] === SMALL_T;
    case 'int':
      return readInteger;
    case 'numeric':
    case 'float':
      return readNumber;
    case 'date':
    case 'timestamp':
    case 'timestamptz':
      return readMoment;
    case 'json':
      return readJson;
    case 'hstore':
      return (bytes, start, end) => object(readHstore(bytes, start, end));
    case 'array':
      return arrayReader<unknown>(type.delimiter, { nothing: null, item: compileValue(types, type.element), list: (items) => items });
    case 'vector':
      return vectorReader<unknown>({ nothing: null, item: compileValue(types, type.element), list: (items) => items });
    case 'composite':
      return compileComposite(types, type);
    default: // text
      return readText;
  }
}

function compileComposite(types: Types, type: CompositeType): ValueReader {
  const names = type.attributes.map((attribute) => attribute.name);
  return compositeReader<unknown>({
    nothing: null,
    fields: type.attributes.map((attribute) => compileValue(types, attribute.type)),
    record: (values) => object(values.map((value, i) => [names[i] ?? '', value])),
  });
}

function readInteger(bytes: Buffer, start: number, end: number): bigint {
  return BigInt(end - start <= 9 ? smallInteger(bytes, start, end) : bytes.latin1Slice(start, end));
}

/** `NaN` and `Infinity` are spelled as JavaScript spells them. */
function readNumber(bytes: Buffer, start: number, end: number): number {
  return Number(bytes.latin1Slice(start, end));
}

function readText(bytes: Buffer, start: number, end: number): string {
  return bytes.utf8Slice(start, end);
}

/** Without a prototype, so that a key named `__proto__` is a key like any other. */
function object(pairs: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const made: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const [key, value] of pairs) made[key] = value;
  return made;
}
