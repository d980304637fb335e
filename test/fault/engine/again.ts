/** What befell a worker that may make something come again. */
export interface Mishap {
  /**
   * `worker`: it was killed or stopped, or has lost its place by its own account; what it had delivered and not committed comes again.
   * `zombie`: it had been stopped for longer than its session, and what it was sending goes out when it wakes.
   */
  readonly of: 'worker' | 'zombie';
  readonly who: string;
  /** From when on it may have committed nothing, and until when it may have gone on: monotonic milliseconds. */
  readonly from: number;
  readonly at: number;
}

/** A delivery that was answered with 2xx. */
export interface Delivered {
  /** Of the delivery: endpoint and id. */
  readonly key: string;
  readonly worker: string;
  readonly at: number;
  readonly answeredAt: number;
}

/** The most that may come again for one mishap. */
export interface Bounds {
  /** Of what was delivered while nothing was committed: what the worker had in memory when that began. */
  readonly blind: number;
  /** Of what was delivered longer before: what a worker settles out of order, and what it marks at once. */
  readonly older: number;
  /** Of what a worker sends that wakes. */
  readonly woken: number;
}

/** A commit of offsets is at most half a second old, and its way takes a moment. */
export const RECENT = 1_500;
/** How long after a process was killed what it had sent may still be read, in milliseconds. */
const LATE = 500;

export interface Again {
  /** For each mishap, how many came again that were delivered after it began or shortly before, and how many that were delivered longer before. */
  readonly recent: readonly number[];
  readonly older: readonly number[];
  /** A sentence each for what came again and should not have. */
  readonly excess: readonly string[];
}

/** Of one mishap, what came again, a sentence each. */
interface Tally {
  readonly recent: string[];
  readonly blind: string[];
  readonly older: string[];
}

/**
 * Condition 5 for a fleet: what came again, held against what befell those who had it.
 * @param delivered in order of arrival
 * @param copies how often a delivery is in the topic, by key; of which each may come: that is the tail's doing
 */
export function cameAgain(delivered: readonly Delivered[], mishaps: readonly Mishap[], { copies, bounds }: { readonly copies: ReadonlyMap<string, number>; readonly bounds: Bounds }): Again {
  const tallies = mishaps.map((): Tally => ({ recent: [], blind: [], older: [] }));
  const excess: string[] = [];
  for (const [key, times] of Map.groupBy(delivered, ({ key: of }) => of)) {
    let copied = (copies.get(key) ?? 1) - 1;
    for (const [nth, again] of times.entries()) {
      const before = times[nth - 1];
      if (before === undefined) continue;
      const sentence = `${key} came from ${again.worker} ${Math.round(again.at - before.at)} ms after ${before.worker} had delivered it`;
      const causes = mishaps.flatMap((mishap, index) => (isBlamed(mishap, before, again) ? [{ mishap, tally: tallies[index] }] : []));
      const recent = causes.find(({ mishap }) => mishap.of === 'worker' && before.answeredAt >= mishap.from - RECENT);
      if (recent !== undefined) {
        recent.tally?.recent.push(sentence);
        if (before.at > recent.mishap.from) recent.tally?.blind.push(sentence);
      } else if (copied > 0) {
        copied--;
      } else if (causes[0] !== undefined) {
        causes[0].tally?.older.push(sentence);
      } else {
        excess.push(`${sentence}, and nothing had happened`);
      }
    }
  }
  for (const [index, mishap] of mishaps.entries()) {
    const tally = tallies[index];
    if (tally === undefined) continue;
    const tooMany = (what: string, of: readonly string[], most: number): void => {
      if (of.length > most) excess.push(`after mishap ${index + 1} (${mishap.of} ${mishap.who}), of ${tally.recent.length + tally.older.length} that came again, ${of.length} ${what}, of which there could be ${most}: ${of.slice(0, 5).join(', ')}`);
    };
    tooMany('were delivered while it could commit nothing', tally.blind, bounds.blind);
    tooMany(mishap.of === 'zombie' ? 'were sent when it woke' : 'had been delivered long before', tally.older, mishap.of === 'zombie' ? bounds.woken : bounds.older);
  }
  return { recent: tallies.map(({ recent }) => recent.length), older: tallies.map(({ older }) => older.length), excess };
}

/** Whether it may be the cause at all: it befell whoever had it, before it came again. */
function isBlamed({ of, who, at, from }: Mishap, before: Delivered, again: Delivered): boolean {
  // Whoever has the lane may deliver it before or after.
  if (of === 'zombie') return [before, again].some((one) => one.worker === who && one.at >= from && one.at < at);
  return before.worker === who && before.at <= at + LATE && again.at >= from;
}
