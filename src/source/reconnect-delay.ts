/** First and longest wait, in milliseconds. */
const FIRST = 100;
const LONGEST = 5_000;

/**
 * How long to wait before the next connection, in milliseconds: doubled with each failure in a row, with jitter, so that
 * several daemons do not come back to a restarted server all at once.
 * @param failures in a row, at least 1
 * @param random from 0 to 1
 */
export function reconnectDelay(failures: number, random: number): number {
  const longest = Math.min(LONGEST, FIRST * 2 ** (failures - 1));
  return Math.round(longest * (0.5 + random / 2));
}
