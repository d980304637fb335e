/** What a query found, as its JSON says: integers as bigint, with all their digits, other numbers as doubles. */
export function readAnswer(json: string): unknown {
  return JSON.parse(json, reviveIntegers);
}

function reviveIntegers(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
