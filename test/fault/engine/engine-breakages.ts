import type { Breakage } from '../suite/breakages.ts';
import type { FleetCondition } from './judging.ts';

/** A mistake that the processes of a fleet are made to make, so that its suite shows that it would find it. */
export interface EngineBreakage extends Pick<Breakage, 'what' | 'file' | 'find' | 'replace'> {
  /** What the suite must then find broken: one of these at least. */
  readonly breaks: readonly FleetCondition[];
  /** The fault that brings it to light. */
  readonly scenes: RegExp;
}

/**
 * Each of what keeps a lane in one worker, and a record from being lost, taken away by itself. Not here is what something else
 * stands behind, so that no fault shows it alone: that nothing is attempted when the lease is over (heart.ts tells of that before any
 * answer is read), and that the state refuses the writes of who was replaced (see store/owner.ts and its own tests).
 */
export const ENGINE_BREAKAGES: Readonly<Record<string, EngineBreakage>> = {
  revoked: {
    what: 'a worker lets go of its partitions before what it sends is over',
    file: 'src/worker.ts',
    find: 'await delivering.end(patience);',
    replace: 'void delivering.end(patience).catch(() => undefined);',
    breaks: ['overlap', 'excess', 'disordered'],
    scenes: /^one worker more/,
  },
  dealing: {
    what: 'each member of the group is dealt all partitions',
    file: 'src/kafka/dealing.ts',
    find: 'return hands;',
    replace: 'return new Map(members.map(({ id }) => [id, [...parts]]));',
    breaks: ['overlap', 'excess', 'stuck'],
    scenes: /^one worker more/,
  },
  commit: {
    what: 'offsets are committed as soon as they are read, and positions confirmed as soon as they are received',
    file: 'src/checkpoint/tracker.ts',
    find: 'return this.#safe;',
    replace: 'return this.#marks.at(-1)?.position ?? this.#safe;',
    breaks: ['lost', 'premature'],
    scenes: /^kill -9 of a worker/,
  },
  forward: {
    what: 'what the broker does not have yet counts as safe',
    file: 'src/forwarder.ts',
    find: 'ticket: settled === null ? this.#options.tickets.take() : null',
    replace: 'ticket: (settled === null && this.#options.tickets.settle(this.#options.tickets.take()), null)',
    breaks: ['lost', 'premature', 'stuck'],
    scenes: /^SIGSTOP of the broker$/,
  },
  parts: {
    what: 'a worker sends what is parked in the lanes of others',
    file: 'src/worker-state.ts',
    find: '{ of: partitions, numbers })',
    replace: 'null)',
    breaks: ['overlap', 'excess', 'disordered'],
    scenes: /^one worker more, with parked rows/,
  },
};
