import { type RawBuilder, sql } from 'kysely';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { Burial, FailedAttempt, ParkedLane, Parking, ParkingStore, Settlement, Stored } from '../queue/port.ts';
import { textArray } from './binary-array.ts';
import type { StateDatabase } from './database.ts';
import { DEAD_COLUMNS, DELIVERY_COLUMNS, deliveryRows, deliveryKey, type DeliveryRow, failureArrays, toStored } from './delivery-columns.ts';
import { renderedColumns } from './rendered-columns.ts';
import { alongLane, alongSequence, headAfter, inParts, type LaneParts, lastInSequence } from './parked-index.ts';
import { condition, remember } from './condition.ts';
import { hold } from './held.ts';
import { OWNED, type Ownership } from './owner.ts';
import { guarded } from './store-error.ts';

type PageQuery = Parameters<ParkingStore['page']>[0];

/**
 * Parked and dead deliveries in the state schema. Each method is one statement, hence one transaction.
 *
 * @param parts only deliveries in their lanes are read, for others have the rest; null: all
 */
export function parkingStore(state: StateDatabase, owner: Ownership, parts: LaneParts | null = null): ParkingStore {
  return {
    park: (batch) => guarded(`park ${batch.length} deliveries`, () => park(owner, batch)),
    bury: (batch) => guarded(`store ${batch.length} dead letters`, () => bury(owner, batch)),
    hold: (batch) => guarded(`hold ${batch.length} rows`, () => hold(owner, batch)),
    settle: (settlement) => guarded(`settle parked deliveries of ${settlement.endpoint}`, () => settle(owner, settlement)),
    page: (query) => guarded(`read parked deliveries of ${query.endpoint}`, () => page(state, query, parts)),
    lanes: (endpoint, limit) => guarded(`read parked lanes of ${endpoint}`, () => (parts === null ? lanes(state, endpoint, limit) : lanesOf(state, { endpoint, limit, parts }))),
    lastParked: (endpoint) => guarded(`read the last parked delivery of ${endpoint}`, () => lastParked(state, endpoint, parts)),
    condition: (endpoint) => guarded(`read the condition of ${endpoint}`, () => condition(state, endpoint)),
    remember: (endpoint, now, what = 'all') => guarded(`store the condition of ${endpoint}`, () => remember(owner, endpoint, { now, what })),
  };
}

async function park(owner: Ownership, batch: readonly Parking[]): Promise<void> {
  if (batch.length === 0) return;
  await owner.write(sql`
    stored as (
      insert into ${owner.table('parked')} (${DELIVERY_COLUMNS}, due_at, committed_at, failure, status, message, response)
      select ${DELIVERY_COLUMNS}, ${DUE_AT}, ${COMMITTED_AT}, failure, status, message, response
      from (${deliveryRows(batch, owner.cipher)}) as input
      where ${OWNED}
      on conflict do nothing
    )`);
}

async function bury(owner: Ownership, batch: readonly Burial[]): Promise<void> {
  if (batch.length === 0) return;
  await owner.write(sql`
    stored as (
      insert into ${owner.table('dead')} (${DEAD_COLUMNS}, committed_at, failure, status, message, response)
      select ${DEAD_COLUMNS}, ${COMMITTED_AT}, failure, status, message, response
      from (${deliveryRows(batch, owner.cipher)}) as input
      where ${OWNED}
      on conflict do nothing
    )${freed(owner, batch)}`);
}

/** What is dead holds up nothing: the claims that its cooldown granted go with it. */
function freed(owner: Ownership, batch: readonly Burial[]): RawBuilder<unknown> {
  const claims = batch.flatMap(({ delivery: { id, row, request: { hook, endpoint } } }) => (row === undefined ? [] : [{ hook, endpoint, row, id }]));
  if (claims.length === 0) return sql``;
  const texts = (name: 'hook' | 'endpoint' | 'row' | 'id') => sql`${textArray(claims.map((one) => one[name]))}::text[]`;
  return sql`, freed as (
      delete from ${owner.table('claim')} as claim using unnest(${texts('hook')}, ${texts('endpoint')}, ${texts('row')}, ${texts('id')}) as input (hook, endpoint, row_hash, id)
      where ${SAME_CLAIM} and ${OWNED}
    )`;
}

async function settle(owner: Ownership, settlement: Settlement): Promise<void> {
  const { endpoint, delivered, failed, dead: died } = settlement;
  if (delivered.length + failed.length + died.length === 0) return;
  const key = (id: string): string => deliveryKey(id, endpoint);
  const { cipher } = owner;
  const [resent, lastSent] = [renderedColumns(failed, endpoint, cipher), renderedColumns(died, endpoint, cipher)];
  const failures = (attempts: readonly FailedAttempt[]) => failureArrays(attempts.map(({ failure }) => failure), attempts.map(({ id }) => key(id)), cipher);
  await owner.write(sql`
    forgotten as (
      delete from ${owner.table('parked')} where key = any(${textArray(delivered.map(key))}::text[]) and ${OWNED}
    ), postponed as (
      update ${owner.table('parked')} as parked
      set attempts = input.attempts, due_at = ${DUE_AT}, failure = input.failure, status = input.status,
        message = input.message, response = input.response${resent.assignments}
      from unnest(${failed.map((item) => key(item.id))}::text[], ${failed.map((item) => item.attempts)}::integer[],
          ${failed.map((item) => item.dueIn)}::double precision[], ${failures(failed)}${resent.arrays})
        as input (key, attempts, due_in, failure, status, message, response${resent.names})
      where parked.key = input.key and ${OWNED}
    ), given_up as (
      delete from ${owner.table('parked')} as parked
      using unnest(${died.map((item) => key(item.id))}::text[], ${died.map((item) => item.attempts)}::integer[],
          ${failures(died)}${lastSent.arrays})
        as input (key, attempts, failure, status, message, response${lastSent.names})
      where parked.key = input.key and ${OWNED}
      returning parked.key, endpoint, id, hook, lane, commit_lsn, ordinal, nth, operation, table_name, trace, row_hash, ${lastSent.current}, input.attempts, committed_at, parked_at, input.failure, input.status, input.message, input.response
    ), buried as (
      insert into ${owner.table('dead')} (${DEAD_COLUMNS}, committed_at, parked_at, failure, status, message, response)
      select ${DEAD_COLUMNS}, committed_at, parked_at, failure, status, message, response from given_up
      on conflict do nothing
    ), freed as (
      delete from ${owner.table('claim')} as claim using given_up as input where ${SAME_CLAIM} and ${OWNED}
    )`);
}

async function page(state: StateDatabase, query: PageQuery, parts: LaneParts | null): Promise<Stored[]> {
  const { endpoint, after, limit, bytes } = query;
  const wanted = query.lanes?.filter((lane) => parts === null || parts.numbers.includes(lane % parts.of)) ?? null;
  const columns = sql`${DELIVERY_COLUMNS}, floor(extract(epoch from committed_at) * 1000) as committed_ms, ${DUE_IN} as due_in`;
  const rows =
    wanted === null
      ? alongSequence(state, columns, { endpoint, after, limit, parts })
      : // Lane by lane, since the index holds each in sequence: a lane of a million deliveries costs no more than a page.
        sql`
          select in_lane.* from unnest(${wanted}::bigint[]) as wanted (lane)
          cross join lateral (${alongLane(state, columns, { endpoint, lane: sql.raw('wanted.lane'), after, limit })}) as in_lane
          order by commit_lsn, ordinal, nth limit ${limit}`;
  // A body's length is known without reading it.
  const result = await sql<DeliveryRow>`
    select * from (
      select page.*, sum(octet_length(body)) over (order by commit_lsn, ordinal, nth) - octet_length(body) as bytes_before from (${rows}) as page
    ) as sized where bytes_before < ${bytes} order by commit_lsn, ordinal, nth`.execute(state.db);
  return toStored(result.rows, state.cipher);
}

async function lanes(state: StateDatabase, endpoint: string, limit: number): Promise<ParkedLane[] | null> {
  // From head to head: the cost goes with the lanes, whatever is parked behind their heads.
  const { rows } = await sql<{ lane: string; due_in: number }>`
    with recursive heads as (
      select first.*, 1 as place from (${headAfter(state, endpoint, sql.raw(BEFORE_ANY_LANE))}) as first
      union all
      select next.*, heads.place + 1
      from heads cross join lateral (${headAfter(state, endpoint, sql.raw('heads.lane'))}) as next
      where heads.place <= ${limit} and heads.endpoint = ${endpoint}
    )
    select lane, ${DUE_IN} as due_in
    from heads where endpoint = ${endpoint}`.execute(state.db);
  if (rows.length > limit) return null;
  return rows.map((row) => ({ lane: Number(row.lane), dueIn: row.due_in }));
}

/** A lane's partition is in no index, so those of others are walked over: but not without end. */
async function lanesOf(state: StateDatabase, { endpoint, limit, parts }: { readonly endpoint: string; readonly limit: number; readonly parts: LaneParts }): Promise<ParkedLane[] | null> {
  const most = limit * OTHERS_LANES;
  const isOwn = sql`coalesce(${inParts(parts)}, false)`;
  const { rows } = await sql<{ lane: string; due_in: number; place: number }>`
    with recursive heads as (
      select first.*, 1 as place, ${isOwn}::integer as own from (${headAfter(state, endpoint, sql.raw(BEFORE_ANY_LANE))}) as first
      union all
      select next.endpoint, next.lane, next.due_at, heads.place + 1, heads.own + next.is_own::integer
      from heads cross join lateral (select head.*, ${isOwn} as is_own from (${headAfter(state, endpoint, sql.raw('heads.lane'))}) as head) as next
      where heads.place <= ${most} and heads.own <= ${limit} and heads.endpoint = ${endpoint}
    )
    select lane, ${DUE_IN} as due_in, place
    from heads where endpoint = ${endpoint} and (${isOwn} or place > ${most})`.execute(state.db);
  if (rows.length > limit || rows.some(({ place }) => place > most)) return null;
  return rows.map((row) => ({ lane: Number(row.lane), dueIn: row.due_in }));
}

async function lastParked(state: StateDatabase, endpoint: string, parts: LaneParts | null): Promise<Lsn | null> {
  const { rows } = await sql<{ commit_lsn: string }>`
    select commit_lsn from (${lastInSequence(state, endpoint, parts)}) as last where endpoint = ${endpoint}`.execute(state.db);
  const [row] = rows;
  return row === undefined ? null : parseLsn(row.commit_lsn);
}

const SAME_CLAIM = sql.raw('claim.hook = input.hook and claim.endpoint = input.endpoint and claim.row_hash = input.row_hash and claim.id = input.id');

/** So many times the limit are looked at for one's own. */
const OTHERS_LANES = 4;

const BEFORE_ANY_LANE = '(-9223372036854775808)';

/** By the database's clock, so that daemons whose clocks differ agree. */
const DUE_AT = sql.raw(`statement_timestamp() + due_in * interval '1 millisecond'`);
const DUE_IN = sql.raw('ceil(extract(epoch from due_at - statement_timestamp()) * 1000)::double precision');
const COMMITTED_AT = sql.raw('to_timestamp(committed_ms / 1000)');
