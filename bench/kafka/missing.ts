import type { Figure, Result } from '../measure.ts';

/** What is said where there is no broker to measure with: nothing is made up. */
export function missing(figures: readonly Omit<Figure, 'value'>[]): Result {
  return { figures: figures.map((figure) => ({ ...figure, value: null })), notes: ['There was no Kafka broker: `node test/support/kafka/fetch.ts` says why.'] };
}
