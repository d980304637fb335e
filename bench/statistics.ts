/** What several rounds came to. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** Of an even number, the upper of the two in the middle. NaN where there are none. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values), rounds: values.length };
}

/** The spread of a value that was measured once. */
export function once(value: number): Spread {
  return spread([value]);
}

/**
 * How one thing compares with another that was measured in turn with it: the ratio of the medians, and the least and the
 * greatest ratio of a single round.
 */
export function ratio(ours: readonly number[], limits: readonly number[]): Spread {
  const rounds = spread(ours.map((value, round) => value / (limits[round] ?? Number.NaN)));
  const ofMedians = median(ours) / median(limits);
  return { ...rounds, median: ofMedians, min: Math.min(rounds.min, ofMedians), max: Math.max(rounds.max, ofMedians) };
}

/** The value that `share` (0 to 1) of all are not above: the nearest rank. NaN where there are none. */
export function percentile(values: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * values.length));
  return values.toSorted((a, b) => a - b)[rank - 1] ?? Number.NaN;
}
