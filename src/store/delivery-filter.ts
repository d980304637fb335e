import { type RawBuilder, sql } from 'kysely';

/** Where a stored delivery is: `parked` will be sent, `dead` has given up. */
export type StoredFate = 'parked' | 'dead';

/** Which stored deliveries are meant. Everything that is given must hold; with `fate` alone all are meant. */
export interface DeliveryFilter {
  readonly fate: StoredFate;
  readonly endpoint?: string;
  readonly hook?: string;
  /** `schema.table`. */
  readonly table?: string;
  /** webhook-ids. One that is not there is passed over; an empty list means none. */
  readonly ids?: readonly string[];
  /** Parked, or died, at or after this moment. */
  readonly since?: Date;
  /** Parked, or died, before this moment. */
  readonly before?: Date;
}

/** The filter's conditions on columns of its table, but for `endpoint`, which chooses the part of an index. */
export function matches(filter: DeliveryFilter): RawBuilder<boolean> {
  const at = sql.ref(filter.fate === 'dead' ? 'died_at' : 'parked_at');
  const conditions: RawBuilder<unknown>[] = [];
  if (filter.hook !== undefined) conditions.push(sql`hook = ${filter.hook}`);
  if (filter.table !== undefined) conditions.push(sql`table_name = ${filter.table}`);
  if (filter.ids !== undefined) conditions.push(sql`id = any(${filter.ids}::text[])`);
  if (filter.since !== undefined) conditions.push(sql`${at} >= ${filter.since}`);
  if (filter.before !== undefined) conditions.push(sql`${at} < ${filter.before}`);
  return conditions.length === 0 ? sql<boolean>`true` : sql<boolean>`${sql.join(conditions, sql` and `)}`;
}
