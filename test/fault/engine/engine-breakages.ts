import type { Breakage } from '../suite/breakages.ts';
import type { FleetCondition } from './judging.ts';

/** A mistake that the processes of a fleet are made to make, so that its suite shows that it would find it. */
export interface EngineBreakage extends Pick<Breakage, 'what' | 'file' | 'find' | 'replace'> {
  /** What the suite must then find broken: one of these at least. */
  readonly breaks: readonly FleetCondition[];
  /** The fault that brings it to light. */
  readonly scenes: RegExp;
}

/** Each of what keeps a lane in one worker, and a record from being lost, taken away by itself. */
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
    what: 'a worker commits what it has read, before it is delivered',
    file: 'src/delivering.ts',
    find: 'safe: () => this.#tracker.safe,',
    replace: 'safe: () => [...this.#next],',
    breaks: ['lost'],
    scenes: /^SIGSTOP of a worker beyond its session, SIGCONT/,
  },
  lease: {
    // The group's answer, or a commit, may tell it first: several rounds.
    what: 'a worker sends on when its lease is over',
    file: 'src/delivering.ts',
    find: 'if (performance.now() < assignment.leaseUntil) send(delivery, done);',
    replace: 'if (assignment.parts.length > 0) send(delivery, done);',
    breaks: ['zombie', 'excess'],
    scenes: /^SIGSTOP of a worker beyond its session, SIGCONT/,
  },
  fence: {
    what: 'the state takes what a worker writes that others have replaced',
    file: 'src/store/owner.ts',
    find: "select from ${this.table('owner')} where slot = ${this.#row} and epoch = ${this.#epoch}::bigint for share\n      ), ${writes}",
    replace: 'select from (values (1)) as nobody (asked)\n      ), ${writes}',
    breaks: ['excess'],
    scenes: /while it stores/,
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
