import type { JsonOutput, Way } from './json-output.ts';

/** Value text, as Postgres' output function made it (UTF-8, `bytes` from `start` to `end`) → JSON text, as `to_jsonb` gives. */
export type ToJson = (bytes: Buffer, start: number, end: number) => string;

/** The same → JSON text at the end of an output. */
export type WriteJson = (bytes: Buffer, start: number, end: number, out: JsonOutput) => void;

/** How values of a type are written. */
export interface JsonWriter {
  /** Says whether the output can write a value by itself, which is faster. */
  readonly way: Way;
  /** Writes any value. */
  readonly write: WriteJson;
}

/** The same → a JavaScript value for expressions. */
export type ToValue = (bytes: Buffer, start: number, end: number) => unknown;

/** A CEL type. `timestamp` is google.protobuf.Timestamp; `dyn` is known only at run time, as json is. */
export type CelType = 'bool' | 'int' | 'double' | 'string' | 'timestamp' | 'dyn' | 'list' | 'map';

/** What a type is made of, its domains taken off. */
export interface TypeShape {
  readonly kind: 'scalar' | 'array' | 'composite' | 'hstore';
  /** As the catalog has it: `int8`; with its schema if it is not built in. */
  readonly name: string;
  /** OID of an array's element type; 0 for what is no array. */
  readonly element: number;
}

/** What the stages know of a type. `decode/` makes them; the others get them handed. */
export interface Codecs {
  /** `string`: digits beyond 2^53 become JSON strings. */
  json(typeOid: number, largeNumbers: 'number' | 'string'): ToJson;
  writer(typeOid: number, largeNumbers: 'number' | 'string'): JsonWriter;
  value(typeOid: number): ToValue;
  celType(typeOid: number): CelType;
  shape(typeOid: number): TypeShape;
  /** An array's JSON, with its items as `item` makes them. Throws a RangeError for a type that is no array. */
  jsonArray(typeOid: number, item: ToJson): ToJson;
}
