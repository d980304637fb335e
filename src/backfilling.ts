import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { newBackfillId } from './backfill/backfill-id.ts';
import { ChunkSize } from './backfill/chunk-size.ts';
import type { BackfillStore, StoredBackfill } from './backfill/port.ts';
import { Runner } from './backfill/runner.ts';
import { storedReport } from './backfill/stored-report.ts';
import type { StreamPlace, StreamWindows } from './backfill/stream-windows.ts';
import { type BackfillRunOptions, findTable, openRun, survey } from './backfill-run.ts';
import type { BackfillOperations, BackfillOrigin, BackfillReport, BackfillRequest } from './backfills.ts';
import { WalhookError } from './errors.ts';
import type { Lsn } from './lsn.ts';
import type { Outlet } from './outlet.ts';
import { inTime } from './patience.ts';
import { codeOf, safeMessage } from './reaction.ts';
import { ReadOnlyDatabase } from './source/read-only-database.ts';

/** So many are listed. */
const MOST_LISTED = 200;
/** A chunk waits while more than this part of the memory is taken: so that backfills never keep the stream waiting. */
const MOST_OF_MEMORY = 0.5;
/** Milliseconds for a question without a table. */
const PATIENCE = 10_000;
/** How long the end may wait for the store, in milliseconds: what it does not take is sent again, under the same ids. */
const CLOSE_PATIENCE = 500;
/** Until what could not be begun is tried again, in milliseconds. */
const RETRY = 5_000;

export interface BackfillingOptions extends Pick<BackfillRunOptions, 'config' | 'systemId' | 'origin' | 'pool' | 'received'> {
  readonly log: Logger;
  readonly store: BackfillStore;
  readonly dispatcher: Pick<Outlet, 'queues' | 'budget' | 'pace'>;
  readonly windows: StreamWindows;
}

/** Backfills: begins them, runs them beside the stream, and does with them what people ask for. */
export class Backfilling implements BackfillOperations {
  readonly #options: BackfillingOptions;
  /** Where rows are read, and marks are written. */
  readonly #database: ReadOnlyDatabase;
  readonly #runners = new Map<string, Runner>();
  readonly #running = new Set<Promise<void>>();
  /** Tells this process. */
  readonly #run = randomBytes(6).toString('hex');
  readonly #ordinals = new Ordinals();
  #retry: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(options: BackfillingOptions) {
    this.#options = options;
    // A standby that is gone must not hold up a mark, which nobody but this process needs. What a policy hides is in the stream: an error is better than its lack.
    this.#database = new ReadOnlyDatabase(options.config.source.url, { synchronous_commit: 'local', row_security: 'off' });
  }

  /** Goes on with those that have not ended, and begins those of hooks that are new. Tries again until it can. */
  async start(): Promise<void> {
    const { config, log, store } = this.#options;
    try {
      await this.#begunNow();
      for (const hook of config.hooks) if (hook.backfill === 'initial' && hook.schedule === null) await this.#initial(hook.name);
      for (const backfill of await store.list({ active: true, limit: MOST_LISTED })) {
        const { id, hook, state, startedAt } = backfill;
        if (!this.#runners.has(id) && state !== 'paused') log.info({ hook, backfill: id }, startedAt === null ? 'a backfill begins' : 'the backfill goes on');
        this.#go(backfill);
      }
    } catch (error) {
      if (this.#stopped || codeOf(error) === 'fenced') return;
      log.error(`backfills cannot go on, and are tried again: ${safeMessage(error)}`);
      this.#retry = setTimeout(() => void this.start(), RETRY);
    }
  }

  /** Reads nothing more; what was handed over is sent. Resolves once nothing is under way. May be called again. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const runner of this.#runners.values()) runner.stop();
    await this.#database.close();
    await Promise.all(this.#running);
  }

  /** The same, once nothing is in flight any more: what was sent is stored as that. Gives up after a while. */
  async close(): Promise<void> {
    await this.stop();
    const runners = [...this.#runners.values()];
    await inTime(Promise.all(runners.map((runner) => runner.saved())), CLOSE_PATIENCE);
    for (const runner of runners) runner.forget();
  }

  async begin(request: BackfillRequest): Promise<BackfillReport> {
    const backfill = await this.#store(request, request.origin ?? 'command');
    if (backfill === null) {
      const other = (await this.#options.store.list({ hook: request.hook, active: true, limit: MOST_LISTED })).find(({ where }) => where === (request.where ?? null));
      throw new WalhookError(`a backfill of hook ${request.hook}${request.where === undefined ? '' : ' with this condition'} is under way`, {
        code: 'backfill_running',
        hint: other === undefined ? 'walhook backfill list' : `walhook backfill watch ${other.id}, or cancel ${other.id}`,
      });
    }
    this.#options.log.info({ hook: backfill.hook, backfill: backfill.id }, 'a backfill begins');
    this.#go(backfill);
    return this.#report(backfill);
  }

  async list(query: { readonly hook?: string; readonly active?: boolean } = {}): Promise<readonly BackfillReport[]> {
    const found = await this.#options.store.list({ ...query, limit: MOST_LISTED });
    return found.map((backfill) => this.#report(backfill));
  }

  async show(id: string): Promise<BackfillReport> {
    const found = await this.#options.store.find(id);
    if (found === null) throw new WalhookError(`there is no backfill ${id}`, { code: 'unknown_backfill', hint: 'walhook backfill list' });
    return this.#report(found);
  }

  async pause(id: string): Promise<BackfillReport> {
    return this.#turn(id, 'paused', (runner) => runner.pause('paused by hand'));
  }

  async resume(id: string): Promise<BackfillReport> {
    return this.#turn(id, 'running', (runner) => runner.resume());
  }

  async cancel(id: string): Promise<BackfillReport> {
    return this.#turn(id, 'cancelled', (runner) => {
      runner.stop();
      runner.forget();
      this.#runners.delete(id);
    });
  }

  async #turn(id: string, state: 'paused' | 'running' | 'cancelled', act: (runner: Runner) => void): Promise<BackfillReport> {
    const { log, store } = this.#options;
    const turned = await store.turn(id, state, state === 'paused' ? 'paused by hand' : null);
    if (turned === null) {
      const { state: ended } = await this.show(id);
      throw new WalhookError(`backfill ${id} has ended: it is ${ended}`, { code: 'backfill_ended' });
    }
    const runner = this.#runners.get(id);
    if (runner !== undefined) act(runner);
    else if (state === 'running') this.#go(turned);
    log.info({ hook: turned.hook, backfill: id }, `the backfill is ${state}`);
    return this.#report(turned);
  }

  /** From now on no transaction can come into the stream without being remembered, but for those that are older. On a standby there are none to be remembered. */
  async #begunNow(): Promise<void> {
    const { windows } = this.#options;
    const [row] = await this.#database.run({ text: 'select case when pg_is_in_recovery() then null else pg_current_xact_id()::text end', values: [] }, PATIENCE);
    const xid = row?.[0] ?? null;
    if (xid !== null) windows.recent.begin(Number(BigInt(xid) & 0xffff_ffffn));
  }

  /** The first start that knows a hook. */
  async #initial(hook: string): Promise<void> {
    const { log, store } = this.#options;
    const [known] = await store.list({ hook, limit: MOST_LISTED }).then((all) => all.filter(({ origin }) => origin === 'initial'));
    if (known !== undefined) return;
    try {
      const backfill = await this.#store({ hook }, 'initial');
      if (backfill !== null) log.info({ hook, backfill: backfill.id }, 'the rows that were there before are sent');
    } catch (error) {
      if (!(error instanceof WalhookError) || error.reaction === 'retry') throw error;
      log.error({ hook, ...(error.hint === null ? {} : { hint: error.hint }) }, `the rows that were there before are not sent: ${error.message}`);
    }
  }

  /** Null if another stands in its way. */
  async #store({ hook, where, columns, rate }: BackfillRequest, origin: BackfillOrigin): Promise<StoredBackfill | null> {
    const { store } = this.#options;
    const wanted = { where: where ?? null, columns: columns ?? null };
    const rowsEstimated = await survey(await findTable({ config: this.#options.config, database: this.#database }, hook, wanted));
    const { schema, table: name } = this.#tableOf(hook);
    return store.begin({ id: newBackfillId(new Date()), hook, table: `${schema}.${name}`, ...wanted, rate: rate ?? null, origin, rowsEstimated });
  }

  #tableOf(hook: string): { readonly schema: string; readonly table: string } {
    const found = this.#options.config.hooks.find(({ name }) => name === hook);
    if (found === undefined) throw new WalhookError(`there is no hook ${hook}`, { code: 'unknown_hook' });
    return found;
  }

  #go(backfill: StoredBackfill): void {
    const { config, dispatcher, log, store, windows } = this.#options;
    const { id, hook } = backfill;
    const fanOut = config.hooks.find(({ name }) => name === hook)?.to.length ?? 1;
    if (this.#stopped || this.#runners.has(id)) return;
    const runner = new Runner({
      backfill,
      run: this.#run,
      windows,
      store,
      size: new ChunkSize({ ...config.limits, fanOut, rate: backfill.rate, isHurried: () => dispatcher.pace.isHurried }),
      open: async () => {
        const { schema, table } = this.#tableOf(hook);
        if (`${schema}.${table}` !== backfill.table) throw new WalhookError(`hook ${hook} is for table ${schema}.${table} now, and no longer for ${backfill.table}`, { code: 'backfill_table' });
        return openRun({ ...this.#options, database: this.#database, queues: dispatcher.queues, recent: windows.recent, run: this.#run, ordinals: (...at) => this.#ordinals.next(...at) }, hook, backfill);
      },
      obstacle: () => this.#obstacle(hook),
      onEnd: (state, reason) => {
        const { rowsDone, rowsSent } = runner.report;
        this.#runners.delete(id);
        if (state === 'done') log.info({ hook, backfill: id, rows: rowsDone, sent: rowsSent }, 'the backfill is done');
        else log.error({ hook, backfill: id, rows: rowsDone }, `the backfill has failed: ${reason ?? ''}`);
      },
    });
    this.#runners.set(id, runner);
    const running = runner.run().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Why nothing of the hook may be handed over now; null if it may. */
  #obstacle(name: string): string | null {
    const { config, dispatcher } = this.#options;
    const { budget, queues } = dispatcher;
    const hook = config.hooks.find((one) => one.name === name);
    if (hook === undefined) return `hook ${name} is not in the configuration`;
    for (const endpoint of hook.to) {
      const queue = queues.get(endpoint);
      if (queue?.takesBackground === true) continue;
      const { state, probeIn } = queue?.state.condition ?? {};
      return `endpoint ${endpoint} ${state !== undefined && state !== 'active' ? `is ${state}` : probeIn != null ? 'fails' : 'is behind'}`;
    }
    return budget.part(budget.deliveries, budget.bytes) > MOST_OF_MEMORY ? 'others go first' : null;
  }

  #report(backfill: StoredBackfill): BackfillReport {
    const report = storedReport(backfill);
    const runner = backfill.endedAt === null ? this.#runners.get(backfill.id) : undefined;
    return runner === undefined ? report : { ...report, ...liveOf(report, runner) };
  }
}

/** What the runner knows better than the store. */
function liveOf({ state, reason }: BackfillReport, runner: Runner): Partial<BackfillReport> {
  const { waits, rowsDone, rowsSent, rowsEstimated, perSecond } = runner.report;
  const left = rowsEstimated === null || perSecond === null ? null : Math.ceil((rowsEstimated - rowsDone) / perSecond);
  return {
    ...(state === 'paused' ? { state, reason } : waits === null ? { state: state === 'waiting' && rowsDone === 0 ? 'waiting' : 'running', reason: null } : { state: 'waiting', reason: waits }),
    rows_done: rowsDone,
    rows_sent: rowsSent,
    rows_estimated: rowsEstimated,
    rows_per_second: perSecond === null ? null : Number(perSecond.toPrecision(3)),
    seconds_left: left,
  };
}

/** Without marks several chunks may take one place in the stream: what they send is counted on. */
class Ordinals {
  #commitLsn: Lsn = 0n;
  #ordinal = 0;

  /** The ordinal before the first of so many. */
  next({ commitLsn, ordinal }: StreamPlace, count: number): number {
    const first = commitLsn === this.#commitLsn ? Math.max(ordinal, this.#ordinal) : ordinal;
    this.#commitLsn = commitLsn;
    this.#ordinal = first + count;
    return first;
  }
}
