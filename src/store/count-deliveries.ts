import { sql } from 'kysely';
import type { StateDatabase } from './database.ts';
import { type DeliveryFilter, matches } from './delivery-filter.ts';
import type { CountByEndpoint } from './stored-deliveries.ts';

export async function countDeliveries(state: StateDatabase, filter: DeliveryFilter): Promise<CountByEndpoint> {
  const endpoint = filter.endpoint === undefined ? sql`true` : sql`endpoint = ${filter.endpoint}`;
  const { rows } = await sql<{ endpoint: string; count: string }>`
    select endpoint, count(*) as count from ${sql.id(state.schema, filter.fate)}
    where ${endpoint} and ${matches(filter)} group by endpoint order by endpoint`.execute(state.db);
  return new Map(rows.map((row) => [row.endpoint, Number(row.count)]));
}
