import { parseSnapshot } from './backfill/snapshot.ts';
import { RowIdentity } from './backfill/row-identity.ts';
import type { StoredBackfill, StoredKey } from './backfill/port.ts';
import type { RecentTransactions } from './backfill/recent-transactions.ts';
import type { BuiltChunk, ChunkRequest, ChunkSource } from './backfill/runner.ts';
import type { StreamPlace } from './backfill/stream-windows.ts';
import { writeMark } from './backfill/mark.ts';
import { commitTime, type Transaction, type Tuple } from './change.ts';
import { didYouMean } from './closest.ts';
import type { Config, HookConfig, TableConfig } from './config.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import { bytesInMemory, type Delivery } from './delivery.ts';
import { DraftRequests } from './enrich/draft-requests.ts';
import { WalhookError } from './errors.ts';
import { foundAt, RowEvents } from './event/row-events.ts';
import { type TablePlan, watchTable } from './event/watched-table.ts';
import { bodyOf } from './format/body-of.ts';
import { backfillId, idTag } from './format/event-id.ts';
import { HookRequests, type RequestMaker } from './format/hook-requests.ts';
import type { Origin } from './format/origin.ts';
import type { Lsn } from './lsn.ts';
import type { EndpointQueue } from './queue/endpoint-queue.ts';
import type { Failure } from './queue/port.ts';
import { HookRoute } from './route/hook-route.ts';
import { RowHash } from './route/row-hash.ts';
import { type ChunkDatabase, ChunkReader, type KeyTexts } from './source/chunk-reader.ts';
import { currentTable, type CurrentTable } from './source/current-rows.ts';
import type { Queryable } from './source/inspect.ts';
import { tableName } from './source/quote.ts';

/** Milliseconds for a question without a table, and for one that may have to look at all rows. */
const PATIENCE = 10_000;
const LONG_PATIENCE = 60_000;
const NO_LOOKUPS = null;

export interface BackfillRunOptions {
  readonly config: Config;
  /** The cluster's system identifier: part of what makes an id unique. */
  readonly systemId: string;
  readonly origin: Origin;
  /** For the types of columns. */
  readonly pool: Queryable;
  readonly database: ChunkDatabase;
  readonly queues: ReadonlyMap<string, Pick<EndpointQueue, 'offer' | 'bury'>>;
  readonly recent: RecentTransactions;
  /** How far the stream has been read: rows that are read now are at least as new. */
  readonly received: () => Lsn;
  /** Tells this process: see Mark. */
  readonly run: string;
  /** Ordinals for so many deliveries at a place of the stream: none is given twice. */
  readonly ordinals: (place: StreamPlace, count: number) => number;
}

/** What is asked for. */
export type Wanted = Pick<StoredBackfill, 'id' | 'where' | 'columns'>;

/** A hook's table, found, and how it will be read. */
export interface FoundTable {
  readonly hook: HookConfig;
  readonly table: CurrentTable;
  readonly plan: TablePlan;
  /** Names of the columns along which it is read. */
  readonly key: readonly string[];
  readonly reader: ChunkReader;
}

interface Target {
  readonly queue: Pick<EndpointQueue, 'offer' | 'bury'>;
  readonly requests: RequestMaker;
}

/** A delivery that has no place yet. */
interface Made extends Pick<Delivery, 'id' | 'lane' | 'row' | 'request' | 'body'> {
  readonly queue: Target['queue'];
  readonly failure: Failure | null;
}

/**
 * Finds the table of a hook, and whether its rows can be sent.
 *
 * @throws WalhookError `unknown_hook`, `backfill_scheduled`, `backfill_table`, `backfill_no_key`, `backfill_columns`
 */
export async function findTable({ config, database }: Pick<BackfillRunOptions, 'config' | 'database'>, name: string, { where, columns }: Pick<Wanted, 'where' | 'columns'>): Promise<FoundTable> {
  const hook = config.hooks.find((one) => one.name === name);
  if (hook === undefined) throw new WalhookError(`there is no hook ${JSON.stringify(name)}${didYouMean(name, config.hooks.map((one) => one.name))}`, { code: 'unknown_hook', hint: `hooks: ${config.hooks.map((one) => one.name).join(', ')}` });
  if (hook.schedule !== null) {
    throw new WalhookError(`hook ${name} has a schedule: its rows are sent at its times`, { code: 'backfill_scheduled', hint: 'backfill: initial, in the hook, sends every row that matches at its first time' });
  }
  const tableConfig = tableOf(config, hook);
  const table = await currentTable(database, tableConfig, config.source.publication);
  if (table === null) throw new WalhookError(`table ${tableName(tableConfig)} is not there`, { code: 'backfill_table' });
  const plan = watchTable(table.relation, tableConfig, table.live);
  // The primary key is unique and has an index, which another key need not have.
  const key = table.live.primaryKey.length > 0 ? table.live.primaryKey : (tableConfig.key ?? []);
  refuseKey(key, table, tableConfig);
  refuseColumns(hook, table, columns);
  return { hook, table, plan, key, reader: new ChunkReader({ database, table, key, where }) };
}

/**
 * How many rows there are, as the planner thinks.
 *
 * @throws WalhookError `backfill_where`, and `backfill_no_key` if some have no key: along it they would not be found.
 */
export async function survey({ reader, table }: FoundTable): Promise<number> {
  const rows = Math.round(await reader.estimate());
  const column = await reader.columnWithNull(LONG_PATIENCE);
  if (column === null) return rows;
  const name = tableName(table.relation);
  throw new WalhookError(`rows of table ${name} have no ${column}, which is part of the key: they could not be read`, {
    code: 'backfill_no_key',
    hint: `ALTER TABLE ${name} ALTER COLUMN ${column} SET NOT NULL;  -- once they have one`,
  });
}

/** Opens the table of a backfill for one run. */
export async function openRun(options: BackfillRunOptions, name: string, wanted: Wanted): Promise<ChunkSource> {
  const found = await findTable(options, name, wanted);
  const [row] = await options.database.run({ text: MAY_MARK, values: [] }, PATIENCE);
  const catalog = new TypeCatalog(async (sql, params) => (await options.pool.query<Record<string, unknown>>(sql, [...params])).rows);
  await catalog.load(found.table.relation.columns.map(({ typeOid }) => typeOid));
  return new BackfillRun(options, { found, wanted, marks: row?.[0] === 't', codecs: new CatalogCodecs(catalog) });
}

/** Reads chunks of a hook's table, and makes deliveries of their rows. */
class BackfillRun implements ChunkSource {
  readonly marks: boolean;
  readonly #options: BackfillRunOptions;
  readonly #wanted: Wanted;
  readonly #found: FoundTable;
  readonly #identity: RowIdentity;
  readonly #events: RowEvents;
  readonly #route: HookRoute;
  readonly #rows: RowHash;
  readonly #tag: string;
  readonly #targets: readonly Target[];

  constructor(options: BackfillRunOptions, { found, wanted, marks, codecs }: { readonly found: FoundTable; readonly wanted: Wanted; readonly marks: boolean; readonly codecs: CatalogCodecs }) {
    const { config, origin, systemId, queues } = options;
    const { plan, table } = found;
    const { relation } = table;
    const { columns } = wanted;
    const hook = columns === null ? found.hook : { ...found.hook, fields: { ...found.hook.fields, only: bothOf(columns, found.hook.fields.only) } };
    const body = bodyOf({ table: plan, hook, codecs, source: origin });
    const requests = hook.enrich.size > 0 ? new DraftRequests(hook.name, plan) : new HookRequests(hook, { table: plan, codecs, body });
    this.marks = marks;
    this.#options = options;
    this.#wanted = wanted;
    this.#found = found;
    this.#identity = new RowIdentity(relation, plan.key);
    this.#events = new RowEvents(plan, true);
    // Whether it matches now: what would have made it match is behind.
    this.#route = new HookRoute({ ...hook, events: ['insert'], changed: null, entering: false }, plan, codecs);
    this.#rows = new RowHash(relation.oid, plan.key);
    this.#tag = idTag(systemId, relation.oid, hook.name);
    this.#targets = hook.to.map((name) => {
      const queue = queues.get(name);
      const endpoint = config.endpoints.find((one) => one.name === name);
      if (!queue || !endpoint) throw new WalhookError(`hook ${hook.name}: no endpoint ${name}`, { code: 'no_endpoint' });
      return { queue, requests: requests.to(endpoint) };
    });
  }

  get columns(): readonly string[] {
    return this.#identity.columns;
  }

  async read({ number, after, again, rows, bytes, timeout }: ChunkRequest): Promise<BuiltChunk> {
    const { received, recent, run } = this.#options;
    const { reader, key } = this.#found;
    const texts = (stored: StoredKey): KeyTexts => key.map((name) => stored[name] ?? '');
    // By another key nobody knows how far it has come.
    const isAnother = [after, ...again].some((one) => one !== null && !(Object.keys(one).length === key.length && key.every((name) => Object.hasOwn(one, name))));
    const stored = (one: KeyTexts): StoredKey => Object.fromEntries(key.map((name, i) => [name, one[i] ?? '']));
    const made = new MadeRows();
    const transaction = foundAt(Date.now(), received());
    const found = await reader.read({
      after: after === null || isAnother ? null : texts(after),
      again: isAnother ? [] : again.map(texts),
      limit: rows,
      bytes,
      mark: this.marks ? writeMark({ backfill: this.#wanted.id, run, chunk: number, side: 'low' }) : null,
      timeout,
      onRow: (row, rowKey) => made.add(this.#identify(row), rowKey, this.#make(row, transaction)),
    });
    const snapshot = parseSnapshot(found.snapshot);
    return {
      identities: made.identities,
      snapshot,
      doubtful: await reader.writers(recent.forgotten(snapshot)),
      high: found.high,
      last: found.last === null ? null : stored(found.last),
      isLast: found.isLast,
      isFull: found.isFull,
      count: found.count,
      keyOf: (row) => stored(made.keys[row] ?? []),
      offer: (send, place, settled) => this.#offer({ rows: made.rows, send, place, settled, committedAt: commitTime(transaction) }),
    };
  }

  survey(): Promise<number> {
    return survey(this.#found);
  }

  async markEnd(chunk: number): Promise<void> {
    await this.#found.reader.mark(writeMark({ backfill: this.#wanted.id, run: this.#options.run, chunk, side: 'high' }));
  }

  end(): Promise<Lsn> {
    return this.#found.reader.end();
  }

  #identify(row: Tuple): string {
    const identity = this.#identity.of(row);
    if (identity === null) throw new Error('a row that is read is read whole');
    return identity;
  }

  #make(tuple: Tuple, transaction: Transaction): readonly Made[] {
    const event = this.#events.ofTuple(tuple, transaction);
    const hash = this.#rows.of(event);
    const id = backfillId(this.#wanted.id, hash, this.#tag);
    const verdict = this.#route.wants(event, id);
    if (verdict === false) return NONE;
    const lane = this.#route.lane.of(event);
    const row = this.#route.hook.cooldown === null ? undefined : hash;
    const failure = verdict === true ? null : expressionFailure(`\`when\` failed: ${verdict.message}`);
    return this.#targets.map(({ queue, requests }) => {
      const made = requests.make(event, id, NO_LOOKUPS);
      const isMade = !('message' in made);
      const { request, body } = isMade ? made : { request: requests.unrendered, body: JSON.stringify({ id, operation: event.operation, table: event.table.name }) };
      return { queue, id, lane, row, request, body, failure: isMade ? failure : (failure ?? expressionFailure(made.message)) };
    });
  }

  #offer({ rows, send, place, settled, committedAt }: Offering): { readonly rows: number; readonly deliveries: number } {
    const { commitLsn } = place;
    const table = this.#found.plan.name;
    let count = 0;
    let deliveries = 0;
    let ordinal = this.#options.ordinals(place, send.length);
    for (const i of send) {
      const made = rows[i] ?? NONE;
      ordinal++;
      if (made.length > 0) count++;
      for (let nth = 0; nth < made.length; nth++) {
        const one = made[nth];
        if (one === undefined) continue;
        const { queue, failure, id, request, lane, row, body } = one;
        const delivery: Delivery = { id, request, lane, row, sequence: { commitLsn, ordinal, nth }, operation: 'data_insert', table, body, bytes: bytesInMemory(body, request), committedAt };
        deliveries++;
        if (failure === null) queue.offer(delivery, settled);
        else queue.bury(delivery, failure, settled);
      }
    }
    return { rows: count, deliveries };
  }
}

/** Rows of a chunk, of which some are sent. */
interface Offering {
  readonly rows: readonly (readonly Made[])[];
  readonly send: readonly number[];
  readonly place: StreamPlace;
  readonly settled: () => void;
  /** In Unix milliseconds. */
  readonly committedAt: number;
}

const NONE: readonly Made[] = [];

/** What has become of a chunk's rows, in their order. */
class MadeRows {
  readonly identities: string[] = [];
  readonly keys: KeyTexts[] = [];
  readonly rows: (readonly Made[])[] = [];

  add(identity: string, key: KeyTexts, made: readonly Made[]): void {
    this.identities.push(identity);
    this.keys.push(key);
    this.rows.push(made);
  }
}

/** Whether marks can be written: not on a standby, and not without the right to. */
const MAY_MARK = `
  select not pg_is_in_recovery() and coalesce(bool_and(has_function_privilege(oid, 'execute')), false)
  from pg_catalog.pg_proc where proname = 'pg_logical_emit_message' and pronamespace = 'pg_catalog'::regnamespace and proargtypes[2] = 'text'::regtype`;

function tableOf(config: Config, { schema, table }: HookConfig): TableConfig {
  const found = config.tables.find((one) => one.schema === schema && one.table === table);
  if (found === undefined) throw new Error('each hook has a table');
  return found;
}

function refuseKey(key: readonly string[], { relation }: CurrentTable, table: TableConfig): void {
  const name = tableName(table);
  const absent = key.find((column) => !relation.columns.some((one) => one.name === column));
  if (key.length === 0 || absent !== undefined) {
    throw new WalhookError(absent === undefined ? `table ${name} has no primary key, so that its rows cannot be read in parts` : `column ${absent} of the key of table ${name} is not published`, {
      code: 'backfill_no_key',
      hint: `ALTER TABLE ${name} ADD PRIMARY KEY (…);  -- or tables.${name}.key: [columns that are unique and never null, with an index]`,
    });
  }
  const { visibility } = table;
  const hideable = visibility?.kind === 'columns' ? key.find((column) => visibility.flags.has(column)) : undefined;
  if (hideable === undefined) return;
  throw new WalhookError(`column ${hideable} of the key of table ${name} may be hidden, and how far a backfill has come is stored by the key`, {
    code: 'backfill_no_key',
    hint: `take ${hideable} out of tables.${name}.visibility`,
  });
}

/** What is wanted brings none back that the hook leaves out. */
function bothOf(columns: readonly string[], only: readonly string[] | null): readonly string[] {
  return only === null ? columns : columns.filter((name) => only.includes(name));
}

function refuseColumns(hook: HookConfig, { relation }: CurrentTable, columns: readonly string[] | null): void {
  if (columns === null) return;
  const absent = columns.find((name) => !relation.columns.some((column) => column.name === name));
  if (columns.length > 0 && absent === undefined && hook.body === null && hook.enrich.size === 0) return;
  const reason = absent !== undefined ? `table ${relation.schema}.${relation.table} has no column ${absent}` : columns.length === 0 ? 'no column is named' : `the body of hook ${hook.name} is not made of columns, but of what \`${hook.body === null ? 'enrich' : 'body'}\` says`;
  throw new WalhookError(`the columns cannot be chosen: ${reason}`, { code: 'backfill_columns', hint: `columns: ${relation.columns.map(({ name }) => name).join(', ')}` });
}

function expressionFailure(message: string): Failure {
  return { failure: 'expression', status: null, message, response: '' };
}
