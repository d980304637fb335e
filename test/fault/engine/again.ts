/** What befell a process, or all of them, that may make something come again. */
export interface Mishap {
  /**
   * `worker`: what it had delivered and not committed comes again, and what it was sending. `tail`: what it had
   * produced and not confirmed. `broker`: nothing could be committed or confirmed; all of them. `zombie`: it had been stopped for longer
   * than its session, and what it was sending goes out when it wakes.
   */
  readonly of: 'worker' | 'tail' | 'broker' | 'zombie';
  /** The process; of a broker all: ''. */
  readonly who: string;
  /** From when on nothing was committed or confirmed, and until when it may have gone on: monotonic milliseconds. */
  readonly from: number;
  readonly at: number;
  /** Deliveries that it could have under way. */
  readonly underWay: number;
}

/** A delivery that was answered with 2xx. */
export interface Delivered {
  readonly id: string;
  readonly worker: string;
  readonly at: number;
  readonly answeredAt: number;
  /** When its change was known to be committed to the database. */
  readonly committedAt: number;
}

/** A commit of offsets, or a confirmed position, is at most a second old, and its way takes a moment. */
export const RECENT = 1_500;
/** How long after a process was killed what it had sent may still be read, in milliseconds. */
const LATE = 500;

export interface Again {
  /** For each mishap, how many came again that may, for they were not committed yet. */
  readonly recent: readonly number[];
  /** For each mishap, how many came again that were delivered longer before: at most as many as were under way. */
  readonly older: readonly number[];
  /** A sentence each for what came again and should not have. */
  readonly excess: readonly string[];
}

/**
 * Condition 5 for a fleet: what came again, held against what befell those who had it. `delivered`: in order of arrival.
 */
export function cameAgain(delivered: readonly Delivered[], mishaps: readonly Mishap[]): Again {
  const recent = mishaps.map(() => 0);
  const older: string[][] = mishaps.map(() => []);
  const excess: string[] = [];
  const last = new Map<string, Delivered>();
  for (const delivery of delivered) {
    const before = last.get(delivery.id);
    last.set(delivery.id, delivery);
    if (before === undefined) continue;
    const index = mishaps.findIndex((mishap) => isRecent(mishap, before, delivery));
    if (index !== -1) {
      recent[index] = (recent[index] ?? 0) + 1;
      continue;
    }
    const cause = mishaps.findIndex((mishap) => isBlamed(mishap, before, delivery));
    const sentence = `${delivery.id} came from ${delivery.worker} ${Math.round(delivery.at - before.at)} ms after ${before.worker} had delivered it`;
    if (cause === -1) excess.push(`${sentence}, and nothing had happened`);
    else older[cause]?.push(sentence);
  }
  older.forEach((sentences, index) => {
    const mishap = mishaps[index];
    if (mishap === undefined || sentences.length <= mishap.underWay) return;
    excess.push(`after mishap ${index + 1} (${mishap.of} ${mishap.who}), besides ${recent[index]} recent ones, ${sentences.length} older ones came again, of which ${mishap.underWay} could be under way: ${sentences.slice(0, 5).join(', ')}`);
  });
  return { recent, older: older.map(({ length }) => length), excess };
}

/** Whether it may be the cause at all: it befell whoever had it, before it came again. */
function isBlamed({ of, who, at, from }: Mishap, before: Delivered, again: Delivered): boolean {
  if (of === 'tail') return before.committedAt <= at && again.at >= at;
  if (of === 'zombie') return again.worker === who && again.at >= from && again.at < at;
  if (of === 'worker' && before.worker !== who) return false;
  return before.at <= at + LATE && again.at >= from;
}

function isRecent(mishap: Mishap, before: Delivered, again: Delivered): boolean {
  if (mishap.of === 'zombie' || !isBlamed(mishap, before, again)) return false;
  return (mishap.of === 'tail' ? before.committedAt : before.answeredAt) >= mishap.from - RECENT;
}
