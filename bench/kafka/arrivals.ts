import type { Arrival } from '../receiver/message.ts';

/** What became of beats, of which each of `lanes` rows has had every `lanes`th. */
export interface Account {
  /** Never received. */
  readonly lost: number;
  /** Received again. */
  readonly duplicates: number;
  /** First received after a later one of their row. */
  readonly late: number;
  /** The longest time without any being received, from the first to the last, in milliseconds. */
  readonly silence: number;
  /** The longest that one took from when it was written until it was first received, in milliseconds. */
  readonly longest: number;
}

/** @param written how many there were: 0 to `written` - 1 */
export function account(arrivals: readonly Arrival[], { written, lanes }: { readonly written: number; readonly lanes: number }): Account {
  const seen = new Set<number>();
  const last = new Map<number, number>();
  let [late, silence, longest] = [0, 0, 0];
  let before: number | null = null;
  for (const [at, sentAt, beat] of arrivals) {
    silence = Math.max(silence, at - (before ?? at));
    before = at;
    if (seen.has(beat)) continue;
    seen.add(beat);
    longest = Math.max(longest, at - sentAt);
    const lane = beat % lanes;
    if (beat < (last.get(lane) ?? -1)) late++;
    else last.set(lane, beat);
  }
  return { lost: written - seen.size, duplicates: arrivals.length - seen.size, late, silence, longest };
}
