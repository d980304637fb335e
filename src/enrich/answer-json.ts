/** What a query found, as its JSON says: integers as bigint, with all their digits, other numbers as doubles. */
export function readAnswer(json: string): unknown {
  return MAYBE_NUMBER.test(json) ? JSON.parse(json, reviveIntegers) : JSON.parse(json);
}

/** In a string too, perhaps: without a match there is no number for sure, and reading is many times faster. */
const MAYBE_NUMBER = /(?:^|[:[,])\s*-?\d/;

function reviveIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
