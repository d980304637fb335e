import { parseDuration } from '../config/units.ts';

/** `2026-11-20`, `2026-11-20T10:00`, with seconds, and with an offset; UTC without one. */
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?<offset>Z|[+-]\d\d(?::?\d\d)?)?)?$/i;

/**
 * A moment as somebody types it: `90m`, which is so long before `now`, or ISO 8601, in UTC unless it has an offset. Gives ISO 8601 in
 * UTC; null if it is neither.
 *
 * @param now Unix milliseconds
 */
export function parseMoment(text: string, now: number): string | null {
  const ago = parseDuration(text);
  if (ago !== null) return isoText(now - ago);
  const match = ISO.exec(text);
  if (match === null) return null;
  const offset = match.groups?.['offset'];
  // What Date.parse does not know: `+02`, `+0200`.
  const whole = text.replace(' ', 'T').replace(/([+-]\d\d):?(\d\d)?$/, (all, hours: string, minutes: string | undefined) => (offset === undefined ? all : `${hours}:${minutes ?? '00'}`));
  // A date alone is UTC for Date.parse too, a time without an offset is not.
  return isoText(Date.parse(offset === undefined && text.length > 10 ? `${whole}Z` : whole.toUpperCase()));
}

function isoText(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
