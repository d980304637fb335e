/** Longest wait that an endpoint may ask for: a day. */
const LONGEST = 86_400_000;

/** The three forms of HTTP-date (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, RFC 850's and asctime's. */
const HTTP_DATE =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

/**
 * Milliseconds that a Retry-After header asks to wait, from `now` (Unix milliseconds): between 0 and a day.
 * null if there is no such header or it says nothing that RFC 9110 (10.2.3) knows.
 */
export function parseRetryAfter(value: string | readonly string[] | undefined, now: number): number | null {
  const text = (typeof value === 'string' ? value : value?.[0])?.trim();
  if (text === undefined) return null;
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, LONGEST);
  if (!HTTP_DATE.test(text)) return null;
  // asctime's form has no zone, but means GMT as the others do.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`);
  return Number.isNaN(at) ? null : Math.min(Math.max(at - now, 0), LONGEST);
}
