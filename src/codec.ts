/** Value text, as Postgres' output function made it (UTF-8, `bytes` from `start` to `end`) → JSON text, as `to_jsonb` gives. */
export type ToJson = (bytes: Buffer, start: number, end: number) => string;

/** The same → a JavaScript value for expressions. */
export type ToValue = (bytes: Buffer, start: number, end: number) => unknown;

/** A CEL type. `timestamp` is google.protobuf.Timestamp; `dyn` is known only at run time, as json is. */
export type CelType = 'bool' | 'int' | 'double' | 'string' | 'timestamp' | 'dyn' | 'list' | 'map';

/** What the stages know of a type. `decode/` makes them; the others get them handed. */
export interface Codecs {
  /** `string`: digits beyond 2^53 become JSON strings. */
  json(typeOid: number, largeNumbers: 'number' | 'string'): ToJson;
  value(typeOid: number): ToValue;
  celType(typeOid: number): CelType;
}
