import type { Logger } from 'pino';
import type { Config, HookConfig, TableConfig } from './config.ts';
import { type CurrentEvents, currentEvents } from './current-events.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import { bytesInMemory, type Delivery, scheduledLane } from './delivery.ts';
import { DraftRequests } from './enrich/draft-requests.ts';
import { foundAt } from './event/row-events.ts';
import type { Event } from './event.ts';
import { bodyOf } from './format/body-of.ts';
import { idTag, scheduledId } from './format/event-id.ts';
import { HookRequests, type RequestMaker } from './format/hook-requests.ts';
import type { Origin } from './format/origin.ts';
import { NO_LSN, parseLsn } from './lsn.ts';
import type { DueRow, Failure, Held, HeldStore, Release } from './queue/port.ts';
import { safeMessage } from './reaction.ts';
import { DueTimes } from './route/due-times.ts';
import { HookRoute } from './route/hook-route.ts';
import { RowHash } from './route/row-hash.ts';
import { rowKey } from './route/row-key.ts';
import type { RowsDatabase } from './source/current-rows.ts';
import type { Queryable } from './source/inspect.ts';

/** Rows that are read, rendered and stored at once. */
const PAGE = 500;
/** What is committed just before its time is read by then, in milliseconds. */
const GRACE = 1_000;
/** How long at most until it is looked again, in milliseconds: the database's clock may be set. */
const LONGEST_WAIT = 60_000;
/** How long until what failed, and what the stream has not come to, is looked at again, in milliseconds. */
const RETRY = 5_000;
const CATCH_UP = 250;
/** How long until what has become due meanwhile is looked at. */
const AGAIN = 1_000;
/** Of a row there is nothing to look up before it is rendered: hooks with `enrich` make drafts. */
const NO_LOOKUPS = null;

export interface SchedulingOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly store: HeldStore;
  /** The cluster's system identifier: part of what makes an id unique. */
  readonly systemId: string;
  readonly origin: Origin;
  /** For the types of columns. */
  readonly pool: Queryable;
  /** Where rows are read. */
  readonly database: RowsDatabase & { close(): Promise<void> };
  /** True if all that was committed before a time, in Unix milliseconds, has been read from the stream. */
  readonly hasRead: (at: number) => boolean;
  /** Deliveries of the endpoint were stored. */
  readonly refresh: (endpoint: string) => Promise<void> | null;
}

/** A hook's table as it is in one run. */
interface Run {
  readonly hook: HookConfig;
  readonly rows: CurrentEvents;
  readonly route: HookRoute;
  readonly tag: string;
  readonly requests: HookRequests | DraftRequests;
}

/** Sends what is held, when its time has come, as the rows are then. Beside the stream, and never in its way. */
export class Scheduling {
  readonly #options: SchedulingOptions;
  readonly #hooks: readonly HookConfig[];
  #alarm: NodeJS.Timeout | null = null;
  #alarmAt = Number.POSITIVE_INFINITY;
  #running: Promise<void> | null = null;
  #stopped = false;
  #closed: Promise<void> | null = null;
  #started = false;
  readonly #troubles = new Map<string, string>();

  constructor(options: SchedulingOptions) {
    this.#options = options;
    this.#hooks = options.config.hooks.filter(({ schedule }) => schedule !== null);
  }

  start(): void {
    this.#started = true;
    if (this.#hooks.length > 0) this.#wakeIn(0);
  }

  /** Something has been stored that is due at a time, in Unix milliseconds. */
  held({ dueAt }: Held): void {
    const wait = Math.max(CATCH_UP, dueAt + GRACE - Date.now());
    if (this.#started && performance.now() + wait < this.#alarmAt) this.#wakeIn(wait);
  }

  /** Resolves once nothing is under way. May be called again. */
  stop(): Promise<void> {
    this.#stopped = true;
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    // What is being read fails; what is being stored is waited for.
    this.#closed ??= this.#options.database.close().then(() => this.#running ?? undefined);
    return this.#closed;
  }

  #wakeIn(ms: number): void {
    if (this.#stopped) return;
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    const wait = Math.min(Math.max(0, ms), LONGEST_WAIT);
    this.#alarmAt = performance.now() + wait;
    this.#alarm = setTimeout(() => {
      this.#alarmAt = Number.POSITIVE_INFINITY;
      this.#running ??= this.#look();
    }, wait);
  }

  async #look(): Promise<void> {
    let wait = LONGEST_WAIT;
    try {
      for (const hook of this.#hooks) wait = Math.min(wait, await this.#lookAt(hook));
      const next = await this.#options.store.nextDueIn(this.#hooks.map(({ name }) => name));
      if (next !== null) wait = Math.min(wait, next + GRACE > 0 ? next + GRACE : AGAIN);
      await this.#options.store.prune();
    } catch {
      // The store has its own complaints.
      wait = RETRY;
    }
    this.#running = null;
    if (performance.now() + wait < this.#alarmAt) this.#wakeIn(wait);
  }

  /** Sends what is due of a hook. Gives how long it may be left alone after that, in milliseconds; never rejects. */
  async #lookAt(hook: HookConfig): Promise<number> {
    const { store, hasRead, log } = this.#options;
    const parked = new Set<string>();
    let wait = LONGEST_WAIT;
    try {
      let run: Run | null = null;
      if (hook.backfill === 'initial') wait = await this.#backfill(hook);
      for (let page = await this.#due(hook); page.length > 0 && !this.#stopped; page = await this.#due(hook)) {
        if (!page.every(({ dueAt }) => hasRead(dueAt))) return CATCH_UP;
        run ??= await this.#open(hook);
        const released = await this.#releases(run, page);
        await store.release(released);
        for (const { delivery } of released) if (delivery !== null) parked.add(delivery.request.endpoint);
      }
      if (this.#troubles.delete(hook.name)) log.info({ hook: hook.name }, 'what was held is sent again');
    } catch (error) {
      this.#failed(hook, error);
      wait = RETRY;
    }
    if (!this.#stopped) for (const endpoint of parked) await this.#options.refresh(endpoint);
    return wait;
  }

  #due(hook: HookConfig): Promise<DueRow[]> {
    return this.#options.store.due(hook.name, { grace: GRACE, limit: PAGE });
  }

  #failed(hook: HookConfig, error: unknown): void {
    const message = safeMessage(error);
    if (this.#stopped || this.#troubles.get(hook.name) === message) return;
    this.#troubles.set(hook.name, message);
    this.#options.log.error({ hook: hook.name }, `what is held cannot be sent, and is tried again: ${message}`);
  }

  async #open(hook: HookConfig): Promise<Run> {
    const { config, pool, database, origin, systemId } = this.#options;
    const rows = await currentEvents(database, config, tableOf(config, hook));
    if (rows === null) throw new Error(`table ${hook.schema}.${hook.table} is not there`);
    const { table } = rows;
    const catalog = new TypeCatalog(async (sql, params) => (await pool.query<Record<string, unknown>>(sql, [...params])).rows);
    await catalog.load(table.relation.columns.map(({ typeOid }) => typeOid));
    const codecs = new CatalogCodecs(catalog);
    const body = bodyOf({ table, hook, codecs, source: origin });
    return {
      hook,
      rows,
      // Whether it still matches: what made it match is behind.
      route: new HookRoute({ ...hook, events: ['insert'], changed: null, entering: false }, table, codecs),
      tag: idTag(systemId, table.relation.oid, hook.name),
      requests: hook.enrich.size > 0 ? new DraftRequests(hook.name, table) : new HookRequests(hook, { table, codecs, body }),
    };
  }

  /** Reads the rows as they are now. */
  async #releases(run: Run, page: readonly DueRow[]): Promise<Release[]> {
    const releases: Release[] = [];
    // The key may have been another one when a row was held.
    for (const [names, held] of Map.groupBy(page, ({ key }) => JSON.stringify(Object.keys(key)))) {
      const rows = await this.#rowsBy(run, JSON.parse(names) as string[]);
      const found = await rows.byKeys(held.map((one) => rows.key.map((name) => one.key[name] ?? null)));
      for (const [i, one] of held.entries()) {
        const row = found[i] ?? null;
        const maker = run.hook.to.includes(one.endpoint) ? this.#makerOf(run, one.endpoint) : null;
        releases.push(row === null || maker === null ? { row: one, delivery: null, failure: null } : this.#release(run, one, { maker, event: run.rows.event(row, foundAt(one.dueAt, one.commitLsn), one.isBackfill) }));
      }
    }
    return releases;
  }

  async #rowsBy({ hook, rows }: Run, key: readonly string[]): Promise<CurrentEvents> {
    if (key.length === rows.key.length && key.every((name) => rows.key.includes(name))) return rows;
    const { config, database } = this.#options;
    const others = await currentEvents(database, config, { ...tableOf(config, hook), key });
    if (others === null || columnsOf(others) !== columnsOf(rows)) throw new Error('the table was altered while it was read');
    return others;
  }

  #makerOf({ requests }: Run, name: string): RequestMaker | null {
    const endpoint = this.#options.config.endpoints.find((one) => one.name === name);
    return endpoint === undefined ? null : requests.to(endpoint);
  }

  #release({ hook, route, tag }: Run, row: DueRow, { maker, event }: { readonly maker: RequestMaker; readonly event: Event }): Release {
    const id = scheduledId(row.dueAt, row.row, tag);
    const verdict = route.wants(event, id);
    if (verdict === false) return { row, delivery: null, failure: null };
    const made = maker.make(event, id, NO_LOOKUPS);
    const message = verdict === true ? ('message' in made ? made.message : null) : `\`when\` failed: ${verdict.message}`;
    const { request, body } = 'message' in made ? { request: maker.unrendered, body: JSON.stringify({ id, operation: event.operation, table: event.table.name }) } : made;
    const delivery: Delivery = {
      id,
      request,
      lane: scheduledLane(hook.name, row.row),
      ...(hook.cooldown === null ? {} : { row: row.row }),
      // Before all that the stream brings, in the order in which they were held.
      sequence: { commitLsn: NO_LSN, ordinal: row.serial, nth: 0 },
      operation: event.operation,
      table: event.table.name,
      body,
      bytes: bytesInMemory(body, request),
      committedAt: row.dueAt,
    };
    return { row, delivery, failure: message === null ? null : expressionFailure(message) };
  }

  /** Holds every row that matches, once, at the hook's first time. Gives when to look again, in milliseconds. */
  async #backfill(hook: HookConfig): Promise<number> {
    const { store, hasRead, database, log } = this.#options;
    if (hook.schedule === null) return LONGEST_WAIT;
    const times = new DueTimes(hook.schedule);
    const { dueIn, dueAt, ...begun } = await store.backfill(hook.name, (now) => times.after(now));
    let { after, isDone } = begun;
    if (isDone) return LONGEST_WAIT;
    if (dueIn + GRACE > 0) return dueIn + GRACE;
    if (!hasRead(dueAt)) return CATCH_UP;
    const run = await this.#open(hook);
    const { table, key } = run.rows;
    const rows = new RowHash(table.relation.oid, table.key);
    let count = 0;
    while (!isDone && !this.#stopped) {
      // Matches that were committed before a page is read are in it.
      const [[lsn] = []] = await database.run({ text: WRITTEN, values: [] }, PATIENCE);
      const commitLsn = parseLsn(lsn ?? '0/0');
      const page = await run.rows.page(after === null ? null : key.map((name) => after?.[name] ?? null), PAGE);
      isDone = page.length < PAGE;
      const found: Held[] = [];
      for (const row of page) {
        const event = run.rows.event(row, foundAt(dueAt, commitLsn));
        const hash = rows.of(event);
        const id = scheduledId(dueAt, hash, run.tag);
        const at = rowKey(event, table);
        // One whose `when` fails is held too: it becomes a dead letter, as others do.
        if (typeof at === 'string' || run.route.wants(event, id) === false) continue;
        for (const endpoint of hook.to) found.push({ hook: hook.name, endpoint, row: hash, key: at, dueAt, id, commitLsn, ordinal: 0 });
      }
      const last = page.at(-1);
      if (last !== undefined) after = Object.fromEntries(run.rows.keyOf(last).map((value, i) => [key[i] ?? '', value ?? '']));
      await store.advance(hook.name, { rows: found, after, isLast: isDone });
      count += found.length;
    }
    if (isDone) log.info({ hook: hook.name, rows: count }, 'the first run of the hook has found its rows');
    return LONGEST_WAIT;
  }
}

/** Milliseconds for a question without a table. */
const PATIENCE = 10_000;
const WRITTEN = 'select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end';

function columnsOf({ table }: CurrentEvents): string {
  return JSON.stringify(table.relation.columns);
}

function tableOf(config: Config, { schema, table }: HookConfig): TableConfig {
  const found = config.tables.find((one) => one.schema === schema && one.table === table);
  if (found === undefined) throw new Error('each hook has a table');
  return found;
}

function expressionFailure(message: string): Failure {
  return { failure: 'expression', status: null, message, response: '' };
}
