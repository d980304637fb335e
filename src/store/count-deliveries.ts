import { sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import { type DeliveryFilter, matches } from './delivery-filter.ts';
import type { CountByEndpoint } from './stored-delivery.ts';
import { storedEndpoints } from './stored-order.ts';

export async function countDeliveries(state: StateDatabase, filter: DeliveryFilter): Promise<CountByEndpoint> {
  const endpoints = filter.endpoint === undefined ? await storedEndpoints(state, filter.fate) : [filter.endpoint];
  const { rows } = await sql<{ endpoint: string; count: string }>`
    select endpoint, count(*) as count from ${sql.id(state.schema, filter.fate)}
    where endpoint = any(${endpoints}::text[]) and ${matches(filter, endpoints)} group by endpoint order by endpoint`.execute(state.db);
  return new Map(rows.map((row) => [row.endpoint, Number(row.count)]));
}
