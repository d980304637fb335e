import type { LogLine } from '../../support/daemon-process.ts';
import type { Sleep } from '../suite/awake.ts';
import { now } from '../suite/child.ts';
import type { Mishap } from './again.ts';
import { SESSION } from './fleet-config.ts';

/** What a worker says when it has lost its place, and how long it may have committed nothing then, in milliseconds. */
const LOST: readonly (readonly [says: RegExp, blind: number])[] = [
  [/^the partitions are lost/, SESSION + 500],
  // It was asked to let go, and what it had could not be committed.
  [/^what was being delivered is not finished|: what is left is left to it$/, SESSION + 10_500],
];


/** A worker that had been stopped for longer than its session woke, and was a member again: when. */
export interface Waking {
  readonly worker: string;
  readonly from: number;
  readonly until: number;
}

export interface LossesOptions {
  readonly name: string;
  readonly log: readonly LogLine[];
  readonly wakings: readonly Waking[];
  /** When the broker was harmed, and when it was well again. */
  readonly away: readonly Sleep[];
  readonly sleeps: readonly Sleep[];
}

/** When a worker lost its place, as it says itself, and since when it may have committed nothing. */
export function lossesOf({ name, log, wakings, away, sleeps }: LossesOptions): Mishap[] {
  const clock = now() - Date.now();
  return log.flatMap(({ msg, time }) => {
    const [, blind] = LOST.find(([says]) => says.test(msg)) ?? [];
    if (blind === undefined) return [];
    const at = Date.parse(String(time)) + clock;
    // What one had that was stopped is known already.
    if (wakings.some(({ worker, from, until }) => worker === name && at >= from - 100 && at <= until)) return [];
    const during = ({ from, until }: Sleep): boolean => at >= from && at < until + SESSION;
    const since = Math.max(at - blind, away.find(during)?.from ?? 0);
    return [{ of: 'worker' as const, who: name, from: Math.min(since, sleeps.find(during)?.from ?? at), at }];
  });
}
