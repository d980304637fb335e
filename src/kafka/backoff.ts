/** First and longest wait, in milliseconds. */
const FIRST = 50;
const LONGEST = 3_000;

/** How long to wait before the next try, in milliseconds: doubled with each failure in a row, with jitter. */
export function backoff(failures: number): number {
  return Math.min(LONGEST, FIRST * 2 ** (failures - 1)) * (0.5 + Math.random() / 2);
}
