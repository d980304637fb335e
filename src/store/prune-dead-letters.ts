import { sql } from 'kysely';
import type { DeadLettersConfig } from '../config.ts';
import type { StateDatabase } from './database.ts';
import { discardDeliveries } from './discard-deliveries.ts';
import type { Ownership } from './owner.ts';
import type { CountByEndpoint } from './stored-delivery.ts';
import { along, isoText, type Place, placeOf, storedEndpoints, within } from './stored-order.ts';

/** Deletes what is older than `keep`, and what comes before the latest `most` of each endpoint. */
export async function pruneDeadLetters(state: StateDatabase, owner: Ownership, { keep, most }: DeadLettersConfig): Promise<CountByEndpoint> {
  if (keep === null && most === null) return new Map();
  const pruned = new Map<string, number>();
  for (const endpoint of await storedEndpoints(state, 'dead')) {
    const places = [keep === null ? null : await longAgo(state, keep), most === null ? null : await behindLatest(state, endpoint, most)];
    for (const upTo of places) {
      if (upTo === null) continue;
      const done = await discardDeliveries(state, owner, { filter: { fate: 'dead', endpoint }, upTo });
      const count = (pruned.get(endpoint) ?? 0) + (done.get(endpoint) ?? 0);
      if (count > 0) pruned.set(endpoint, count);
    }
  }
  return pruned;
}

/** The moment so many milliseconds ago, by the database's clock. */
async function longAgo(state: StateDatabase, ms: number): Promise<Place> {
  const { rows } = await sql<{ at: string }>`
    select ${sql.raw(isoText('ago'))} as at from (select statement_timestamp() - ${ms}::double precision * interval '1 millisecond' as ago) as moment`.execute(state.db);
  return rows.map((row) => row.at);
}

/** The place of the latest dead letter behind the latest `most` of an endpoint; null if there is none. */
async function behindLatest(state: StateDatabase, endpoint: string, most: number): Promise<Place | null> {
  const { rows } = await sql<{ place: Place }>`
    select ${placeOf('dead')} as place from (
      select * from ${sql.id(state.schema, 'dead')} where ${within('dead', { endpoint: sql`${endpoint}` })}
      order by ${along('dead', 'desc')} offset ${most} limit 1
    ) as first`.execute(state.db);
  return rows[0]?.place ?? null;
}
