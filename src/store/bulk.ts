import { type RawBuilder, sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import { type DeliveryFilter, matches } from './delivery-filter.ts';
import { OWNED, type Ownership } from './owner.ts';
import type { CountByEndpoint } from './stored-delivery.ts';
import { along, isoText, type Place, placeOf, storedEndpoints, within } from './stored-order.ts';

/** Rows of one statement at most: a fraction of a second, and locks that nobody waits long for. */
const CHUNK = 5_000;

/** A bulk action on stored deliveries. */
export interface BulkAction {
  readonly filter: DeliveryFilter;
  /** Told after each chunk how many are done so far. */
  readonly onChunk?: ((done: number) => void) | undefined;
  /** No further chunk is begun once it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** Nothing of an endpoint that comes after it. Default: all that is there when the action begins. */
  readonly upTo?: Place;
}

/**
 * Does something with all rows that match, the oldest first, chunk by chunk. What comes into the table meanwhile is left
 * alone, so that it ends: a dead letter that is replayed may die again before it does.
 *
 * @param act makes common table expressions of the condition for a chunk's rows; the one called `done` gives a row for each.
 */
export async function inChunks(
  { state, owner }: { readonly state: StateDatabase; readonly owner: Ownership },
  { filter, onChunk, signal, upTo }: BulkAction,
  act: (chosen: RawBuilder<unknown>) => RawBuilder<unknown>,
): Promise<CountByEndpoint> {
  const { fate } = filter;
  const began = await clock(state);
  const endpoints = filter.endpoint === undefined ? await storedEndpoints(state, fate) : [filter.endpoint];
  const wanted = matches(filter, endpoints);
  const last = upTo ?? (fate === 'dead' ? [earlier(began, filter.before)] : null);
  const done = new Map<string, number>();
  let sum = 0;
  for (const endpoint of endpoints) {
    for (let after: Place | null = null, more = true; more; ) {
      if (signal?.aborted === true) return done;
      const chunk: ChunkResult = await runChunk(owner, act, {
        fate,
        rows: sql`${within(fate, { endpoint: sql`${endpoint}`, after, upTo: last })} and ${wanted}
          and ${sql.ref(fate === 'dead' ? 'died_at' : 'parked_at')} <= ${began}::timestamptz`,
      });
      if (chunk.done > 0) done.set(endpoint, (done.get(endpoint) ?? 0) + chunk.done);
      if (chunk.done > 0) onChunk?.((sum += chunk.done));
      after = chunk.last;
      more = chunk.chosen === CHUNK;
    }
  }
  return done;
}

interface ChunkResult {
  readonly chosen: number;
  readonly done: number;
  readonly last: Place | null;
}

async function runChunk(
  owner: Ownership,
  act: (chosen: RawBuilder<unknown>) => RawBuilder<unknown>,
  { fate, rows }: { readonly fate: DeliveryFilter['fate']; readonly rows: RawBuilder<unknown> },
): Promise<ChunkResult> {
  // The keys come as an array, so that the planner goes by the primary key whatever it believes of their number.
  const [result] = await owner.write(
    sql`
      chosen as materialized (
        select key, ${placeOf(fate)} as place, row_number() over (order by ${along(fate, 'asc')}) as position from ${owner.table(fate)}
        where ${rows} order by ${along(fate, 'asc')} limit ${CHUNK}
      ), ${act(sql`key = any(array(select key from chosen)) and ${OWNED}`)}`,
    sql<ChunkResult>`
      select (select count(*)::integer from chosen) as chosen, (select count(*)::integer from done) as done,
        (select place from chosen order by position desc limit 1) as last`,
  );
  return result ?? { chosen: 0, done: 0, last: null };
}

/** The database's clock, as text. */
async function clock(state: StateDatabase): Promise<string> {
  const { rows } = await sql<{ now: string }>`select ${sql.raw(isoText('clock_timestamp()'))} as now`.execute(state.db);
  return rows[0]?.now ?? '-infinity';
}

/** Rows that are too young need not be looked at. A millisecond more, since a Date has no microseconds. */
function earlier(began: string, before: Date | undefined): string {
  if (before === undefined) return began;
  const limit = new Date(before.getTime() + 1).toISOString();
  return limit < began ? limit : began;
}
