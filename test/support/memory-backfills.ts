import type { BackfillOperations, BackfillReport, BackfillRequest } from '../../src/backfills.ts';
import { WalhookError } from '../../src/errors.ts';

/** When a backfill of the tests was asked for. */
export const REQUESTED_AT = '2026-11-21T19:30:00.000Z';

export function backfill(report: Partial<BackfillReport> = {}): BackfillReport {
  return {
    id: 'bf_20261121T193000_x7k2',
    hook: 'crm-profiles',
    table: 'public.profiles',
    state: 'running',
    reason: null,
    where: null,
    columns: null,
    rate: null,
    rows_done: 0,
    rows_sent: 0,
    rows_estimated: null,
    rows_per_second: null,
    seconds_left: null,
    requested_at: REQUESTED_AT,
    started_at: null,
    ended_at: null,
    origin: 'command',
    ...report,
  };
}

/** Backfills that do nothing by themselves: a test says how they come on. */
export class MemoryBackfills implements BackfillOperations {
  readonly #hooks: readonly string[];
  readonly #all = new Map<string, BackfillReport>();
  /** What `begin` was given. */
  readonly requests: BackfillRequest[] = [];
  /** Told of each look at one. */
  onShow: (id: string) => void = () => undefined;

  constructor(hooks: readonly string[] = ['crm-profiles']) {
    this.#hooks = hooks;
  }

  /** Changes what is told of one. */
  set(id: string, change: Partial<BackfillReport>): BackfillReport {
    const changed = { ...this.#found(id), ...change };
    this.#all.set(id, changed);
    return changed;
  }

  async begin(request: BackfillRequest): Promise<BackfillReport> {
    this.requests.push(request);
    const { hook, where = null, columns = null, rate = null, origin = 'command' } = request;
    if (!this.#hooks.includes(hook)) throw new WalhookError(`there is no hook ${JSON.stringify(hook)}`, { code: 'unknown_hook', hint: 'walhook check' });
    const begun = backfill({ id: `bf_20261121T193000_x7k${this.#all.size}`, hook, where, columns, rate, origin, state: 'waiting' });
    this.#all.set(begun.id, begun);
    return begun;
  }

  async list({ hook, active = false }: { readonly hook?: string; readonly active?: boolean } = {}): Promise<readonly BackfillReport[]> {
    const ended = new Set(['done', 'cancelled', 'failed']);
    return [...this.#all.values()].filter((one) => (hook === undefined || one.hook === hook) && !(active && ended.has(one.state))).toReversed();
  }

  async show(id: string): Promise<BackfillReport> {
    this.onShow(id);
    return this.#found(id);
  }

  async pause(id: string): Promise<BackfillReport> {
    return this.set(id, { state: 'paused' });
  }

  async resume(id: string): Promise<BackfillReport> {
    return this.set(id, { state: 'running' });
  }

  async cancel(id: string): Promise<BackfillReport> {
    return this.set(id, { state: 'cancelled', ended_at: REQUESTED_AT });
  }

  #found(id: string): BackfillReport {
    const found = this.#all.get(id);
    if (found === undefined) throw new WalhookError(`there is no backfill ${JSON.stringify(id)}`, { code: 'unknown_backfill', hint: 'walhook backfill list' });
    return found;
  }
}
