import { type RawBuilder, sql } from 'kysely';
import { type Lsn, parseLsn } from '../lsn.ts';
import type { ParkedLane, ParkingStore, Stored } from '../queue/port.ts';
import type { StateDatabase } from './database.ts';
import { DELIVERY_COLUMNS, type DeliveryRow, toStored } from './delivery-columns.ts';
import { alongLane, alongSequence, headAfter, lastInSequence } from './parked-index.ts';

/** What queues ask of `parked`. */
export type ParkedReading = Pick<ParkingStore, 'page' | 'lanes' | 'lastParked'>;

export type PageQuery = Parameters<ParkingStore['page']>[0];

/** Of the parked deliveries of all lanes. */
export function parkedReading(state: StateDatabase): ParkedReading {
  return {
    page: (query) => {
      const { endpoint, lanes: wanted, after, limit, bytes } = query;
      return pageOf(state, wanted === null ? alongSequence(state, STORED_COLUMNS, { endpoint, after, limit }) : inLanes(state, query, wanted), bytes);
    },
    lanes: (endpoint, limit) => lanes(state, endpoint, limit),
    lastParked: (endpoint) => lastParked(state, endpoint),
  };
}

/** Rows, with the columns of STORED_COLUMNS, up to where their bodies come to `bytes`: a body's length is known without reading it. */
export async function pageOf(state: StateDatabase, rows: RawBuilder<unknown>, bytes: number): Promise<Stored[]> {
  const result = await sql<DeliveryRow>`
    select * from (
      select page.*, sum(octet_length(body)) over (order by commit_lsn, ordinal, nth) - octet_length(body) as bytes_before from (${rows}) as page
    ) as sized where bytes_before < ${bytes} order by commit_lsn, ordinal, nth`.execute(state.db);
  return toStored(result.rows, state.cipher);
}

/** Rows of some lanes. Lane by lane, since the index holds each in sequence: a lane of a million deliveries costs no more than a page. */
export function inLanes(state: StateDatabase, { endpoint, after, limit }: PageQuery, wanted: readonly number[]): RawBuilder<unknown> {
  return sql`
    select in_lane.* from unnest(${wanted}::bigint[]) as wanted (lane)
    cross join lateral (${alongLane(state, STORED_COLUMNS, { endpoint, lane: sql.raw('wanted.lane'), after, limit })}) as in_lane
    order by commit_lsn, ordinal, nth limit ${limit}`;
}

async function lanes(state: StateDatabase, endpoint: string, limit: number): Promise<ParkedLane[] | null> {
  // From head to head: the cost goes with the lanes, whatever is parked behind their heads.
  const { rows } = await sql<LaneRow>`
    with recursive heads as (
      select first.*, 1 as place from (${headAfter(state, endpoint, BEFORE_ANY_LANE)}) as first
      union all
      select next.*, heads.place + 1
      from heads cross join lateral (${headAfter(state, endpoint, sql.raw('heads.lane'))}) as next
      where heads.place <= ${limit} and heads.endpoint = ${endpoint}
    )
    select lane, ${DUE_IN} as due_in
    from heads where endpoint = ${endpoint}`.execute(state.db);
  return toLanes(rows, limit);
}

async function lastParked(state: StateDatabase, endpoint: string): Promise<Lsn | null> {
  const { rows } = await sql<LsnRow>`select commit_lsn from (${lastInSequence(state, endpoint)}) as last`.execute(state.db);
  return lsnOf(rows);
}

export interface LaneRow {
  readonly lane: string;
  readonly due_in: number;
}

/** Null if there are more than `limit`. */
export function toLanes(rows: readonly LaneRow[], limit: number): ParkedLane[] | null {
  return rows.length > limit ? null : rows.map((row) => ({ lane: Number(row.lane), dueIn: row.due_in }));
}

export interface LsnRow {
  readonly commit_lsn: string;
}

export function lsnOf([row]: readonly LsnRow[]): Lsn | null {
  return row === undefined ? null : parseLsn(row.commit_lsn);
}

const BEFORE_ANY_LANE = sql.raw('(-9223372036854775808)');

/** By the database's clock, so that daemons whose clocks differ agree. */
export const DUE_IN = sql.raw('ceil(extract(epoch from due_at - statement_timestamp()) * 1000)::double precision');

export const STORED_COLUMNS = sql`${DELIVERY_COLUMNS}, floor(extract(epoch from committed_at) * 1000) as committed_ms, ${DUE_IN} as due_in`;
