import { type RawBuilder, sql } from 'kysely';
import type { ParkedLane, Stored } from '../queue/port.ts';
import type { StateDatabase } from './database.ts';
import { alongSequence, type LaneParts, lastInSequence } from './parked-index.ts';
import { DUE_IN, inLanes, type LaneRow, lsnOf, type LsnRow, pageOf, type PageQuery, type ParkedReading, parkedReading, STORED_COLUMNS, toLanes } from './parked-reading.ts';

/**
 * The same of the lanes of some partitions, whatever others have parked: partition by partition, along the index of
 * part-index.ts.
 */
export function partsReading(state: StateDatabase, parts: LaneParts): ParkedReading {
  const { numbers } = parts;
  if (numbers.length === 0) return NOTHING;
  if (numbers.length === parts.of) return parkedReading(state);
  return {
    page: (query) => {
      const wanted = query.lanes?.filter((lane) => numbers.includes(lane % parts.of));
      return wanted === undefined ? page(state, query, parts) : pageOf(state, inLanes(state, query, wanted), query.bytes);
    },
    lanes: (endpoint, limit) => lanes(state, { endpoint, limit }, parts),
    lastParked: async (endpoint) => lsnOf((await ownLast(state, endpoint, parts).execute(state.db)).rows),
  };
}

const NOTHING: ParkedReading = { page: () => Promise.resolve([]), lanes: () => Promise.resolve([]), lastParked: () => Promise.resolve(null) };

/** A part of the page that is read of each partition, of those that are alike. More than its share, since they differ by chance. */
const SHARES = 2;
const SPARE = 8;
/** So many rows are looked at for one lane. */
const ROWS_PER_LANE = 4;

/** What `merged` leaves of a page is asked for again: one query where partitions are alike, and one more at the end of what is parked. */
async function page(state: StateDatabase, query: PageQuery, parts: LaneParts): Promise<Stored[]> {
  const found: Stored[] = [];
  for (let { after, limit, bytes } = query; limit > 0 && bytes > 0; ) {
    const rows = await pageOf(state, merged(state, { ...query, after, limit }, parts), bytes);
    const last = rows.at(-1)?.delivery;
    if (last === undefined) break;
    found.push(...rows);
    after = last.sequence;
    limit -= rows.length;
    for (const { delivery } of rows) bytes -= delivery.bytes;
  }
  return found;
}

/** Some rows of each partition, and of these the first: as far as no partition can have one in between that was not looked at. Bodies are read of those alone. */
export function merged(state: StateDatabase, { endpoint, after, limit }: PageQuery, { of, numbers }: LaneParts): RawBuilder<unknown> {
  const each = Math.ceil((SHARES * limit) / numbers.length) + SPARE;
  return sql`
    select * from (
      with candidates as materialized (
        select in_part.* from unnest(${numbers}::bigint[]) as own (part)
        cross join lateral (select *, row_number() over () as place from (${alongSequence(state, sql.raw('key, commit_lsn, ordinal, nth'), { endpoint, after, limit: each, part: { of, number: OWN } })}) as along) as in_part
      ), chosen as (
        select key from candidates
        where coalesce((commit_lsn, ordinal, nth) <= (select commit_lsn, ordinal, nth from candidates where place = ${each} order by commit_lsn, ordinal, nth limit 1), true)
        order by commit_lsn, ordinal, nth limit ${limit}
      )
      select ${STORED_COLUMNS} from ${sql.id(state.schema, 'parked')} where key = any(array(select key from chosen))
    ) as stored`;
}

/** The lanes of some partitions, with when their heads are due, and of how many rows. Every row is looked at, for no index has the heads of a partition alone: so up to `most`. */
export function ownLanes(state: StateDatabase, { endpoint, most }: { readonly endpoint: string; readonly most: number }, { of, numbers }: LaneParts): RawBuilder<OwnLane> {
  return sql<OwnLane>`
    select distinct on (lane) lane, ${DUE_IN} as due_in, looked_at from (
      select in_part.*, count(*) over ()::integer as looked_at from (
        select in_part.* from unnest(${numbers}::bigint[]) as own (part)
        cross join lateral (${alongSequence(state, sql.raw('lane, due_at, commit_lsn, ordinal, nth'), { endpoint, after: null, limit: most, part: { of, number: OWN } })}) as in_part limit ${most}
      ) as in_part
    ) as stored order by lane, commit_lsn, ordinal, nth`;
}

interface OwnLane extends LaneRow {
  readonly looked_at: number;
}

async function lanes(state: StateDatabase, { endpoint, limit }: { readonly endpoint: string; readonly limit: number }, parts: LaneParts): Promise<ParkedLane[] | null> {
  const most = limit * ROWS_PER_LANE + 1;
  const { rows } = await ownLanes(state, { endpoint, most }, parts).execute(state.db);
  return rows[0]?.looked_at === most ? null : toLanes(rows, limit);
}

/** The commit LSN of the last delivery in some partitions. */
export function ownLast(state: StateDatabase, endpoint: string, { of, numbers }: LaneParts): RawBuilder<LsnRow> {
  return sql<LsnRow>`
    select in_part.commit_lsn from unnest(${numbers}::bigint[]) as own (part)
    cross join lateral (${lastInSequence(state, endpoint, { of, number: OWN })}) as in_part order by in_part.commit_lsn desc limit 1`;
}

const OWN = sql.raw('own.part');
