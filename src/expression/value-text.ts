import { isoTime } from './time-format.ts';

/**
 * JSON text of what an expression gave: integers with all their digits, times in ISO 8601 with milliseconds, durations as `90s`,
 * bytes in base64; NaN and the infinities as strings, as to_jsonb has them.
 * @param largeNumbers `string`: integers beyond 2^53 become strings
 */
export function jsonOf(value: unknown, largeNumbers: 'number' | 'string' = 'number'): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'bigint':
      return largeNumbers === 'string' && isLarge(value) ? `"${value}"` : String(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case 'object':
      return value === null ? 'null' : objectJson(value, largeNumbers);
    default:
      throw unrepresentable();
  }
}

/** The same as text within other text: strings as they stand, lists and maps as JSON; null for null. */
export function textOf(value: unknown): string | null {
  return value === null ? null : textOfJson(jsonOf(value));
}

/** The text that a scalar's JSON stands for; of lists and maps the JSON itself; null for null. */
export function textOfJson(json: string): string | null {
  if (json === 'null') return null;
  return json.startsWith('"') ? (JSON.parse(json) as string) : json;
}

function objectJson(value: object, largeNumbers: 'number' | 'string'): string {
  if (Array.isArray(value)) return listJson(value, largeNumbers);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return mapJson(Object.entries(value), largeNumbers);
  if (value instanceof Date) return `"${isoTime(value, 'UTC')}"`;
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (value instanceof Set) return listJson([...value], largeNumbers);
  if (value instanceof Map) return mapJson([...value], largeNumbers);
  if (Object.prototype.toString.call(value) === '[object google.protobuf.Duration]') return `"${(value as { toString(): string }).toString()}"`;
  // CEL's uint.
  const primitive: unknown = value.valueOf();
  if (typeof primitive === 'bigint') return String(primitive);
  // Types, namespaces: nothing that a receiver could read.
  throw unrepresentable();
}

function listJson(items: readonly unknown[], largeNumbers: 'number' | 'string'): string {
  return `[${items.map((item) => jsonOf(item, largeNumbers)).join(',')}]`;
}

function mapJson(entries: readonly (readonly [unknown, unknown])[], largeNumbers: 'number' | 'string'): string {
  return `{${entries.map(([name, value]) => `${JSON.stringify(String(name))}:${jsonOf(value, largeNumbers)}`).join(',')}}`;
}

function isLarge(value: bigint): boolean {
  return value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER);
}

function unrepresentable(): Error {
  return Object.assign(new Error('no JSON'), { code: 'no_JSON_for_this_value' });
}
