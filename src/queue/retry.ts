import type { RetryConfig } from '../config.ts';

/** setTimeout fires at once for more than this, in milliseconds. */
export const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * How long to wait before the next attempt, in milliseconds; null if there is none. Exponential, with jitter to both
 * sides; never shorter than the endpoint asked for.
 * @param attempts made so far, at least 1
 * @param random from 0 to 1
 */
export function nextAttemptIn(config: RetryConfig, attempts: number, retryAfter: number | null, random: number): number | null {
  if (attempts >= config.attempts) return null;
  const backoff = Math.min(config.max, config.initial * config.factor ** (attempts - 1));
  const jittered = backoff * (1 + config.jitter * (2 * random - 1));
  return Math.round(Math.max(jittered, retryAfter ?? 0));
}
