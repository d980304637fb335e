import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { ActionReport, Actions, ActionState } from '../actions.ts';
import { WalhookError } from '../errors.ts';
import type { BulkAction, Operations, Selection, Tally } from '../operations.ts';

export interface BackgroundActionsOptions {
  /** Who does them now. Throws `not_running` where nobody does. */
  readonly operations: () => Operations;
  /** Told of each that has ended. */
  readonly onEnd: (report: ActionReport) => void;
  /** Told of an error that is not made for an operator. */
  readonly onError: (error: unknown) => void;
}

/** Each holds a connection of the state database while it runs. */
export const MOST_RUNNING = 5;
/** How long the end of the process waits for what is under way, in milliseconds. */
const GRACE = 1_000;
/** So many that have ended can be asked about. */
export const MOST_KEPT = 50;

/** Bulk actions of this process, in memory: a restart ends them and forgets them, and what they did stays done. */
export class BackgroundActions implements Actions {
  readonly #options: BackgroundActionsOptions;
  /** The first first. */
  readonly #all = new Map<string, Running>();
  /** Those that are being counted run already, for the limit. */
  #counting = 0;

  constructor(options: BackgroundActionsOptions) {
    this.#options = options;
  }

  async begin(action: BulkAction, selection: Selection): Promise<ActionReport> {
    if (this.#running().length + this.#counting >= MOST_RUNNING) {
      throw new WalhookError(`${MOST_RUNNING} bulk actions run already: wait for one, or cancel it`, { code: 'actions_busy' });
    }
    this.#counting++;
    try {
      const operations = this.#options.operations();
      const tally = await operations.count(action, selection);
      const running = new Running(action, selection, tally);
      this.#all.set(running.report.id, running);
      this.#forget();
      // Tells of its own errors.
      void this.#run(running, operations, { ...selection, before: selection.before ?? tally.as_of });
      return running.report;
    } finally {
      this.#counting--;
    }
  }

  list(): readonly ActionReport[] {
    return [...this.#all.values()].map(({ report }) => report).toReversed();
  }

  show(id: string): ActionReport {
    return this.#found(id).report;
  }

  cancel(id: string): ActionReport {
    const found = this.#found(id);
    if (found.report.state !== 'running') throw new WalhookError(`the action ${id} has ended: it is ${found.report.state}`, { code: 'action_ended' });
    found.abort();
    return found.report;
  }

  /** Begins nothing more. Resolves when none runs any more, or, where the database keeps one waiting, after a second. */
  async close(): Promise<void> {
    const running = this.#running();
    if (running.length === 0) return;
    for (const one of running) one.abort();
    const enough = new AbortController();
    await Promise.race([Promise.all(running.map(({ ended }) => ended.promise)), setTimeout(GRACE, undefined, { signal: enough.signal }).catch(() => undefined)]);
    enough.abort();
  }

  async #run(running: Running, operations: Operations, selection: Selection): Promise<void> {
    try {
      const tally = await operations.act(running.report.action, selection, { onDone: (done) => running.update({ done }), signal: running.signal });
      running.end(running.signal.aborted ? 'cancelled' : 'done', { done: tally.count });
    } catch (error) {
      if (!(error instanceof WalhookError)) this.#options.onError(error);
      running.end('failed', { message: error instanceof WalhookError ? error.message : 'unexpected error: the log has the reason' });
    }
    this.#forget();
    this.#options.onEnd(running.report);
  }

  #running(): Running[] {
    return [...this.#all.values()].filter(({ report }) => report.state === 'running');
  }

  #forget(): void {
    const ended = [...this.#all.values()].filter(({ report }) => report.state !== 'running');
    for (const { report } of ended.slice(0, Math.max(0, ended.length - MOST_KEPT))) this.#all.delete(report.id);
  }

  #found(id: string): Running {
    const found = this.#all.get(id);
    if (found !== undefined) return found;
    throw new WalhookError(`there is no action ${JSON.stringify(id)}`, { code: 'unknown_action', hint: `the last ${MOST_KEPT} of this process are kept: GET /api/v1/actions` });
  }
}

/** One of them. */
class Running {
  readonly ended = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  #report: ActionReport;

  constructor(action: BulkAction, selection: Selection, { count, not_configured }: Tally) {
    this.#report = {
      id: `act_${randomBytes(9).toString('base64url')}`,
      action,
      selection,
      state: 'running',
      total: count,
      done: 0,
      message: leftAlone(not_configured),
      started_at: new Date().toISOString(),
      ended_at: null,
    };
  }

  get report(): ActionReport {
    return this.#report;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  abort(): void {
    this.#abort.abort();
  }

  update(change: Partial<ActionReport>): void {
    this.#report = { ...this.#report, ...change };
  }

  end(state: ActionState, change: Partial<ActionReport>): void {
    this.update({ ...change, state, ended_at: new Date().toISOString() });
    this.ended.resolve();
  }
}

function leftAlone(notConfigured: Tally['not_configured']): string | null {
  const left = Object.entries(notConfigured).map(([endpoint, count]) => `${count} of ${endpoint}`);
  return left.length === 0 ? null : `left as they are, since the configuration no longer has their endpoint: ${left.join(', ')}`;
}
