import type { ReceivedRequest } from './receiver.ts';

/** How a run of the daemon ended, or what else befell it that may, or must not, make it send something again. */
export interface Ending {
  /**
   * `crash`: it was killed, or lost its database at once. `clean`: it drained, so that nothing may come again.
   * `pause`: it was stopped for a while and went on, so that what was being sent may have timed out.
   */
  readonly kind: 'crash' | 'clean' | 'pause';
  /** By the clock of the requests' `at`, in milliseconds. */
  readonly at: number;
  /** Since when it streamed, with a database to store checkpoints in; null if it did not. */
  readonly streamingSince: number | null;
  /** Since when its state database took nothing, which was the suite's doing: what is delivered then may come again too. */
  readonly blindSince?: number;
  /** Requests that may have been under way: the endpoint's concurrency. */
  readonly concurrency: number;
}

/** What may come again by age: a checkpoint is at most a second old, and its way to the database takes a moment. */
export const RECENT = 1_500;
/** How long after a process was killed what it had sent may still be read by the receiver, in milliseconds. */
const LATE = 500;

/** What came again for which the ending is to blame. */
export interface Tally {
  readonly ending: Ending;
  /** Delivered in the last RECENT ms of streaming before it. */
  recent: number;
  /** Delivered earlier: at most as many as could be under way. A sentence each. */
  readonly older: string[];
}

export interface Tallies {
  readonly byEnding: readonly Tally[];
  /** Came again although nothing had happened since. A sentence each. */
  readonly causeless: readonly string[];
}

/**
 * Holds each delivery that came again against what befell the daemon since it came last. `delivered`: the requests that were
 * answered with 2xx, in order of arrival.
 */
export function tally(delivered: readonly ReceivedRequest[], endings: readonly Ending[]): Tallies {
  const byEnding = endings.map((ending, i) => ({ ending, from: windowStart(endings, i), recent: 0, older: [] as string[] }));
  const causeless: string[] = [];
  const last = new Map<string, { readonly at: number; readonly answeredAt: number }>();
  for (const { id, at, answeredAt = at } of delivered) {
    const before = last.get(id);
    last.set(id, { at, answeredAt });
    if (before === undefined) continue;
    const between = byEnding.filter(({ ending }) => ending.kind !== 'clean' && ending.at >= before.at - LATE && ending.at <= answeredAt);
    const recent = between.find(({ from, ending }) => before.answeredAt >= from && before.at <= ending.at);
    const [earliest] = between;
    if (recent !== undefined) recent.recent++;
    else if (earliest !== undefined) earliest.older.push(`${id} had come ${Math.round(earliest.ending.at - before.answeredAt)} ms before it`);
    else causeless.push(`${id} came again ${Math.round(at - before.at)} ms later, and nothing had happened since`);
  }
  return { byEnding, causeless };
}

/** Condition 5, as sentences: more came again than what was under way and what a checkpoint may be late by. */
export function excess(delivered: readonly ReceivedRequest[], endings: readonly Ending[]): string[] {
  const { byEnding, causeless } = tally(delivered, endings);
  const found = [...causeless];
  for (const [i, { ending, older, recent }] of byEnding.entries()) {
    if (older.length <= ending.concurrency) continue;
    found.push(
      `after ${ending.kind} ${i + 1}, besides ${recent} of the last ${RECENT} ms, ${older.length} older deliveries came again, of which at most ${ending.concurrency} could be under way: ${older.slice(0, 5).join(', ')}`,
    );
  }
  return found;
}

/** RECENT ms of streaming before ending `i`: further back if it had not streamed that long since the crash before. */
function windowStart(endings: readonly Ending[], i: number): number {
  if (endings[i]?.kind !== 'crash') return Number.POSITIVE_INFINITY;
  let left = RECENT;
  for (let at = i; at >= 0; at--) {
    const ending = endings[at];
    if (ending === undefined) break;
    // Nothing from before a clean stop may come again.
    if (ending.kind === 'clean') return ending.at;
    const { at: end, blindSince = end, streamingSince } = ending;
    const streamed = streamingSince === null ? 0 : Math.max(0, blindSince - streamingSince);
    if (streamed >= left) return blindSince - left;
    left -= streamed;
  }
  return Number.NEGATIVE_INFINITY;
}
