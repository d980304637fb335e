/**
 * Turns a value's text, as Postgres' output function made it, into JSON text: what `to_jsonb` gives.
 * `bytes` from `start` to `end` is UTF-8; the result is a complete JSON value.
 */
export type Encoder = (bytes: Buffer, start: number, end: number) => string;

/** How numbers go out that a receiver's `JSON.parse` would round: with all their digits, or as strings. */
export type LargeNumbers = 'number' | 'string';
