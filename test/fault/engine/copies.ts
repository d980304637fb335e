/** A record of the engine's topic, as far as it matters how often a delivery is there. */
export interface TopicRecord {
  readonly endpoint: string;
  readonly id: string;
  readonly partition: number;
  readonly offset: bigint;
  /** When it was produced first, in Unix milliseconds. */
  readonly timestamp: number;
}

/** A tail was killed: Unix milliseconds. */
export interface TailEnd {
  readonly who: string;
  readonly at: number;
}

/** What was produced longer before than a confirmed position may be old, and comes again, in milliseconds. */
const RECENT = 1_500;

export interface Copies {
  /** How often each delivery is in the topic, if more than once: by endpoint and id. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many records are there too often. */
  readonly again: number;
  /** A sentence each for what was produced again and should not have been. */
  readonly excess: readonly string[];
}

/**
 * A tail produces again what it had produced and not confirmed when it was killed, and nothing else: one that lives on, whatever its
 * broker does, never does. `records`: of each partition in the order of offsets.
 */
export function producedAgain(records: readonly TopicRecord[], ends: readonly TailEnd[]): Copies {
  const counts = new Map<string, number>();
  const excess: string[] = [];
  let again = 0;
  for (const [key, copies] of Map.groupBy(records, ({ endpoint, id }) => `${endpoint} ${id}`)) {
    if (copies.length < 2) continue;
    counts.set(key, copies.length);
    for (const [nth, copy] of copies.entries()) {
      const before = copies[nth - 1];
      if (before === undefined) continue;
      again++;
      const end = ends.find(({ at }) => before.timestamp <= at && copy.timestamp >= at);
      const what = `${key} was produced again at ${copy.partition}/${copy.offset}, ${copy.timestamp - before.timestamp} ms after ${before.partition}/${before.offset}`;
      if (end === undefined) excess.push(`${what}, and no tail had been killed`);
      else if (before.timestamp < end.at - RECENT) excess.push(`${what}, and that was ${end.at - before.timestamp} ms before ${end.who} was killed`);
    }
  }
  return { counts, again, excess };
}
