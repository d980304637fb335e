/** Milliseconds in a unit of time. */
const DURATION = new Map([
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Bytes in a unit of size. */
const SIZE = new Map([
  ['B', 1],
  ['KB', 1e3],
  ['MB', 1e6],
  ['GB', 1e9],
  ['KiB', 2 ** 10],
  ['MiB', 2 ** 20],
  ['GiB', 2 ** 30],
]);

/** Patterns of what the functions below take; the JSON Schema has them too. */
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)? ?(B|KB|MB|GB|KiB|MiB|GiB)$';
export const RATE_PATTERN = '^[0-9]+(\\.[0-9]+)?/(s|m|h)$';

/** `10s`, `500ms`, `1h30m` → milliseconds, rounded; null if it is none of these. */
export function parseDuration(text: string): number | null {
  if (!new RegExp(DURATION_PATTERN).test(text)) return null;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)([a-z]+)/g)) sum += Number(amount) * (DURATION.get(unit ?? '') ?? Number.NaN);
  return Math.round(sum);
}

/** `64MiB`, `10MB`, `512B` → bytes, rounded; null if it is none of these. */
export function parseSize(text: string): number | null {
  if (!new RegExp(SIZE_PATTERN).test(text)) return null;
  return Math.round(Number.parseFloat(text) * (SIZE.get(text.replace(/^[0-9. ]+/, '')) ?? Number.NaN));
}

/** `50/s`, `100/m`, `1000/h` → times a second; null if it is none of these. */
export function parseRate(text: string): number | null {
  if (!new RegExp(RATE_PATTERN).test(text)) return null;
  const unit = text.slice(text.indexOf('/') + 1);
  return Number.parseFloat(text) / ((DURATION.get(unit) ?? Number.NaN) / 1000);
}
