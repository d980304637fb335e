import { type RawBuilder, sql } from 'kysely';
import type { DeliveredFilter } from '../kept-attempts.ts';
import { deliveryKey } from './delivery-columns.ts';
import { inLanes } from './in-lanes.ts';

/** Where a stored delivery is: `parked` will be sent, `dead` has given up. */
export type StoredFate = 'parked' | 'dead';

/** Which stored deliveries are meant: with `fate` alone all of them. `since` and `before` are of when they were parked, or died. */
export interface DeliveryFilter extends DeliveredFilter {
  readonly fate: StoredFate;
}

/**
 * The filter's conditions on a row of its table, but for `endpoint`.
 *
 * @param endpoints those that may have rows: a delivery is found by id and endpoint.
 */
export function matches(filter: DeliveryFilter, endpoints: readonly string[]): RawBuilder<boolean> {
  const at = sql.ref(filter.fate === 'dead' ? 'died_at' : 'parked_at');
  const conditions: RawBuilder<unknown>[] = [sql`true`];
  if (filter.hook !== undefined) conditions.push(sql`hook = ${filter.hook}`);
  if (filter.table !== undefined) conditions.push(sql`table_name = ${filter.table}`);
  if (filter.ids !== undefined) conditions.push(sql`key = any(${keys(filter.ids, endpoints)}::text[])`);
  if (filter.lanes !== undefined) conditions.push(inLanes(filter.lanes));
  if (filter.since !== undefined) conditions.push(sql`${at} >= ${filter.since}`);
  if (filter.before !== undefined) conditions.push(sql`${at} < ${filter.before}`);
  return sql<boolean>`${sql.join(conditions, sql` and `)}`;
}

/** The keys that rows with these ids have, whichever endpoint they are for. */
export function keys(ids: readonly string[], endpoints: readonly string[]): string[] {
  return ids.flatMap((id) => endpoints.map((endpoint) => deliveryKey(id, endpoint)));
}
