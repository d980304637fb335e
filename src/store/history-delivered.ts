import { type RawBuilder, sql } from 'kysely';
import { type Delivered, type DeliveredFilter, deliveredCursor, type KeptAttempt, parseDeliveredCursor } from '../kept-attempts.ts';
import { parseLsn } from '../lsn.ts';
import type { Cipher } from './cipher.ts';
import type { StateDatabase } from './database.ts';
import { DEAD_COLUMNS, deliveryKey } from './delivery-columns.ts';
import { inLanes } from './in-lanes.ts';
import { OWNED, type Ownership } from './owner.ts';
import { isoText } from './stored-order.ts';
import { touching } from './touch.ts';

/** Rows of one statement at most. */
const CHUNK = 5_000;

interface Row extends Omit<KeptAttempt, 'sequence' | 'lane' | 'committedAt' | 'at'> {
  readonly lane: string;
  readonly commitLsn: string;
  readonly ordinal: string;
  readonly nth: number;
  readonly committed_ms: string;
  readonly ended_ms: string;
  /** Of a list. */
  readonly place?: string;
}

const COLUMNS = sql.raw(`
  id, endpoint, hook, table_name as "table", operation, lane, commit_lsn::text as "commitLsn", ordinal, nth, floor(extract(epoch from committed_at) * 1000) as committed_ms,
  round(extract(epoch from ended_at) * 1000) as ended_ms, duration_ms as ms, attempt, result, failure, status, message, method, content_type as "contentType", bytes`);

/** @param rest what comes behind the condition */
export async function historyRows(state: StateDatabase, condition: RawBuilder<unknown>, rest: RawBuilder<unknown>): Promise<KeptAttempt[]> {
  const { rows } = await sql<Row>`select ${COLUMNS}, path, headers, response, body from ${sql.id(state.schema, 'history')} where ${condition} ${rest}`.execute(state.db);
  return rows.map((row) => openedKept(toKept(row), state.cipher));
}

export async function listHistory(state: StateDatabase, { filter, limit, cursor }: Parameters<Delivered['list']>[0]): ReturnType<Delivered['list']> {
  const [at, id, endpoint] = cursor === null ? [] : parseDeliveredCursor(cursor, 3).map(String);
  const behind = cursor === null ? sql`true` : sql`(ended_at, id, endpoint) < (${at}::timestamptz, ${id}, ${endpoint})`;
  const { rows } = await sql<Row>`
    select ${COLUMNS}, ${sql.raw(isoText('ended_at'))} as place, null::text as path, null::text as headers, null::text as response, null::bytea as body from ${sql.id(state.schema, 'history')} where ${matches(filter)} and ${behind}
    order by ended_at desc, id desc, endpoint desc limit ${limit + 1}`.execute(state.db);
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { deliveries: shown.map(toKept), next: last === undefined || rows.length <= limit ? null : deliveredCursor([last.place ?? '', last.id, last.endpoint]) };
}

export function countHistory(state: StateDatabase, filter: DeliveredFilter): Promise<ReadonlyMap<string, number>> {
  return countWhere(state, matches(filter));
}

export function replayableHistory(state: StateDatabase, filter: DeliveredFilter): Promise<ReadonlyMap<string, number>> {
  return countWhere(state, sql`${matches(filter)} and body is not null`);
}

/** The oldest first, so that of a row nothing older comes behind something newer; in chunks, each durable by itself. What arrives after the call is not replayed by it. */
export async function replayHistory(
  { state, owner }: { readonly state: StateDatabase; readonly owner: Ownership },
  { filter, onChunk, signal }: { readonly filter: DeliveredFilter; readonly onChunk?: ((done: number) => void) | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  const began = await clock(state);
  let last: readonly string[] | null = null;
  let sum = 0;
  for (let more = true; more; ) {
    if (signal?.aborted === true) break;
    const behind: RawBuilder<unknown> = last === null ? sql`true` : sql`(ended_at, id, endpoint) > (${last[0]}::timestamptz, ${last[1]}, ${last[2]})`;
    const [chunk]: readonly { readonly chosen: number; readonly counts: Record<string, number> | null; readonly last: readonly string[] | null }[] = await owner.write(
      sql`
        chosen as materialized (
          select * from ${owner.table('history')} where ${matches(filter)} and body is not null and ended_at <= ${began}::timestamptz and ${behind}
          order by ended_at, id, endpoint limit ${CHUNK}
        ), once as materialized (
          select distinct on (id, endpoint) id || ' ' || endpoint as key, *, 0 as attempts from chosen order by id, endpoint, ended_at desc
        ), parked_again as (
          insert into ${owner.table('parked')} (${DEAD_COLUMNS}, due_at, committed_at)
          select ${RESENT_COLUMNS}, statement_timestamp(), committed_at from once where ${OWNED}
          on conflict do nothing
        ), ${touching(owner, 'once')}`,
      sql<{ chosen: number; counts: Record<string, number> | null; last: string[] | null }>`
        select (select count(*)::integer from chosen) as chosen,
          (select jsonb_object_agg(endpoint, n) from (select endpoint, count(*) as n from once group by endpoint) as by_endpoint) as counts,
          (select array[${sql.raw(isoText('ended_at'))}, id, endpoint] from chosen order by ended_at desc, id desc, endpoint desc limit 1) as last`,
    );
    for (const [endpoint, count] of Object.entries(chunk?.counts ?? {})) {
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + count);
      sum += count;
    }
    onChunk?.(sum);
    last = chunk?.last ?? last;
    more = chunk?.chosen === CHUNK;
  }
  return counts;
}

/** DEAD_COLUMNS as the history has them: it is another trace that a replay begins. What is sealed is so for the same place. */
const RESENT_COLUMNS = sql.raw('key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, null::text, method, path, content_type, headers, body, attempts');

async function countWhere(state: StateDatabase, condition: RawBuilder<unknown>): Promise<ReadonlyMap<string, number>> {
  const { rows } = await sql<{ endpoint: string; count: string }>`
    select endpoint, count(distinct id) as count from ${sql.id(state.schema, 'history')} where ${condition} group by endpoint order by endpoint`.execute(state.db);
  return new Map(rows.map(({ endpoint, count }) => [endpoint, Number(count)]));
}

async function clock(state: StateDatabase): Promise<string> {
  const { rows } = await sql<{ now: string }>`select ${sql.raw(isoText('clock_timestamp()'))} as now`.execute(state.db);
  return rows[0]?.now ?? 'infinity';
}

function matches({ endpoint, hook, table, ids, lanes, since, before }: DeliveredFilter): RawBuilder<boolean> {
  const conditions: RawBuilder<unknown>[] = [sql`result = 'delivered'`];
  if (endpoint !== undefined) conditions.push(sql`endpoint = ${endpoint}`);
  if (hook !== undefined) conditions.push(sql`hook = ${hook}`);
  if (table !== undefined) conditions.push(sql`table_name = ${table}`);
  if (ids !== undefined) conditions.push(sql`id = any(${ids}::text[])`);
  if (lanes !== undefined) conditions.push(inLanes(lanes));
  if (since !== undefined) conditions.push(sql`ended_at >= ${since}`);
  if (before !== undefined) conditions.push(sql`ended_at < ${before}`);
  return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

/** What is sealed, as it was. A list does without. */
function openedKept(kept: KeptAttempt, cipher: Cipher): KeptAttempt {
  const key = deliveryKey(kept.id, kept.endpoint);
  const text = (column: string, value: string | null): string | null => (value === null ? null : cipher.openText(value, { column, key }));
  return {
    ...kept,
    path: text('path', kept.path),
    headers: text('headers', kept.headers),
    response: text('response', kept.response),
    body: kept.body === null ? null : Buffer.from(cipher.openBytes(kept.body, { column: 'body', key })),
  };
}

function toKept({ lane, commitLsn, ordinal, nth, committed_ms, ended_ms, ...row }: Row): KeptAttempt {
  return { ...row, lane: Number(lane), sequence: { commitLsn: parseLsn(commitLsn), ordinal: Number(ordinal), nth }, committedAt: Number(committed_ms), at: Number(ended_ms) };
}
