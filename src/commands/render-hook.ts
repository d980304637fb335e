import type pg from 'pg';
import type { Config, EndpointConfig, HookConfig } from '../config.ts';
import { type CurrentEvents, currentEvents } from '../current-events.ts';
import { CatalogCodecs } from '../decode/codecs.ts';
import { TypeCatalog } from '../decode/type-catalog.ts';
import type { Delivery } from '../delivery.ts';
import { Enriching } from '../enriching.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { TablePlan } from '../event/watched-table.ts';
import { tableName } from '../source/quote.ts';
import type { ReadOnlyDatabase } from '../source/read-only-database.ts';
import type { ShownEvent } from './render-event.ts';
import { exampleId, Rendering } from './render-requests.ts';
import type { RenderReport } from './render-text.ts';
import { verdictOn } from './render-verdict.ts';
import { withinTime } from '../time-limit.ts';

export interface RenderHookOptions {
  readonly config: Config;
  readonly hook: HookConfig;
  readonly endpoints: readonly EndpointConfig[];
  /** For the catalog. */
  readonly client: pg.ClientBase;
  /** For rows, and what is looked up. */
  readonly database: ReadOnlyDatabase;
}

/** What a hook is shown. */
export interface Shown extends ShownEvent {
  /** The version of the table that the event is of. */
  readonly table: TablePlan;
  /** Hidden columns are left out. */
  readonly key: Readonly<Record<string, string | null>>;
  /** webhook-id; null: one that is no event's. */
  readonly id: string | null;
}

/** Finds the event. `lsn`: the end of the WAL. */
export type FindEvent = (current: CurrentEvents, lsn: string) => Promise<Shown>;

export interface HookRendering {
  readonly deliveries: readonly { readonly endpoint: EndpointConfig; readonly delivery: Delivery }[];
  readonly report: Omit<RenderReport, 'requests'>;
}

/**
 * The deliveries that a hook makes of an event, by the daemon's own ways, whether it wants the event or not.
 *
 * @throws WalhookError `no_table`; `expression` or `enrich` for what fails on this row
 */
export async function renderHook({ config, hook, endpoints, client, database }: RenderHookOptions, find: FindEvent): Promise<HookRendering> {
  const current = await tableOf(config, hook, database);
  const { database: source, lsn } = await whereabouts(database);
  const { event, notes, table, key, id: own } = await find(current, lsn);
  const origin = { database: source, slot: config.source.slot };
  const codecs = await codecsOf(table, client);
  const id = own ?? exampleId();
  const verdict = evaluate(() => verdictOn({ event, id }, hook, { table, codecs }));
  if (verdict.error !== null) throw new WalhookError(`hook ${hook.name}: \`when\` failed: ${verdict.error}`, { code: 'expression' });
  const rendering = new Rendering({ hook, table, codecs, origin, evaluate, enriching: new Enriching({ config, origin, pool: client, database, evaluate }) });
  const deliveries = await inTurn(endpoints, async (endpoint) => ({ endpoint, delivery: await rendering.delivery(event, id, endpoint) }));
  return {
    deliveries,
    report: { hook: hook.name, table: table.name, key, operation: event.operation, wanted: verdict.wanted, when: verdict.when, notes: [...notes, ...verdict.reasons.map((reason) => `${reason}; rendered all the same`), ...verdict.notes] },
  };
}

/** How long a hook's expressions may take for one row, in milliseconds: the daemon does nothing else meanwhile. */
const LONGEST = 1_000;

/** Throws for what takes too long. */
export function evaluate<T>(work: () => T): T {
  return withinTime(LONGEST, work);
}

/** What the types of a table's columns need of the catalog. */
export async function codecsOf({ relation }: TablePlan, client: pg.ClientBase): Promise<CatalogCodecs> {
  const catalog = new TypeCatalog(async (sql, params) => (await client.query<Record<string, unknown>>(sql, [...params])).rows);
  await catalog.load(relation.columns.map(({ typeOid }) => typeOid));
  return new CatalogCodecs(catalog);
}

export async function inTurn<T, U>(all: readonly T[], work: (one: T) => Promise<U>): Promise<U[]> {
  const results: U[] = [];
  for (const one of all) results.push(await work(one));
  return results;
}

/** The hook's table as it is now. @throws WalhookError `no_table` */
export async function tableOf(config: Config, hook: HookConfig, database: ReadOnlyDatabase): Promise<CurrentEvents> {
  const table = config.tables.find((one) => one.schema === hook.schema && one.table === hook.table);
  const current = table === undefined ? null : await currentEvents(database, config, table);
  if (current !== null) return current;
  throw new WalhookError(`there is no table ${tableName(hook)}`, { code: 'no_table', hint: 'walhook check', exit: EXIT.checkFailed });
}

/** The database's name, and the end of its WAL. */
export async function whereabouts(database: ReadOnlyDatabase): Promise<{ readonly database: string; readonly lsn: string }> {
  const text = 'select current_database(), case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end';
  const [row] = await database.run({ text, values: [] }, 10_000);
  return { database: row?.[0] ?? '', lsn: row?.[1] ?? '0/0' };
}
