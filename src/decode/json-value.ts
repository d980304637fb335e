/** The range of CEL's int, and of Postgres' bigint. */
const MIN_INT = -(2n ** 63n);
const MAX_INT = 2n ** 63n - 1n;

/**
 * json or jsonb → what it holds. Numbers written as integers become bigints if they fit in 64 bits, as in the columns
 * beside them, so that arithmetic with integer literals works; others become doubles.
 */
export function readJson(bytes: Buffer, start: number, end: number): unknown {
  return JSON.parse(bytes.utf8Slice(start, end), reviveIntegers);
}

function reviveIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  if (!/^-?\d+$/.test(context.source)) return value;
  const integer = BigInt(context.source);
  return integer >= MIN_INT && integer <= MAX_INT ? integer : value;
}
