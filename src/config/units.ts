import { DURATION_UNITS } from '../duration.ts';

export { DURATION_PATTERN, parseDuration } from '../duration.ts';

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
export const SIZE_PATTERN = '^[0-9]+(\\.[0-9]+)? ?(B|KB|MB|GB|KiB|MiB|GiB)$';
export const RATE_PATTERN = '^[0-9]+(\\.[0-9]+)?/(s|m|h)$';

/** `64MiB`, `10MB`, `512B` → bytes, rounded; null if it is none of these. */
export function parseSize(text: string): number | null {
  if (!new RegExp(SIZE_PATTERN).test(text)) return null;
  return Math.round(Number.parseFloat(text) * (SIZE.get(text.replace(/^[0-9. ]+/, '')) ?? Number.NaN));
}

/** `50/s`, `100/m`, `1000/h` → times a second; null if it is none of these. */
export function parseRate(text: string): number | null {
  if (!new RegExp(RATE_PATTERN).test(text)) return null;
  const unit = text.slice(text.indexOf('/') + 1);
  return Number.parseFloat(text) / ((DURATION_UNITS.get(unit) ?? Number.NaN) / 1000);
}
