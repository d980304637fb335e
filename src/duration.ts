/** Milliseconds in a unit of time. */
export const DURATION_UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** What `parseDuration` takes; JSON Schemas have it too. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';

/** `10s`, `500ms`, `1h30m` → milliseconds, rounded; null if it is none of these. */
export function parseDuration(text: string): number | null {
  if (!new RegExp(DURATION_PATTERN).test(text)) return null;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)([a-z]+)/g)) sum += Number(amount) * (DURATION_UNITS.get(unit ?? '') ?? Number.NaN);
  return Math.round(sum);
}
