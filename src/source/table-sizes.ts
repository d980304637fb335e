import type { Queryable } from './inspect.ts';

export interface TableSize {
  readonly oid: number;
  /** What ANALYZE and VACUUM found last; null: they have not looked yet. */
  readonly rows: number | null;
  /** With indexes and TOAST, of a partitioned table with all its partitions. */
  readonly bytes: number;
}

/** How large tables are, as far as the catalog tells: nothing is counted. Tables that are gone are left out. */
export async function tableSizes(client: Queryable, oids: readonly number[]): Promise<TableSize[]> {
  const { rows } = await client.query<{ oid: string; rows: string | null; bytes: string }>(SIZES, [oids]);
  return rows.map(({ oid, rows: count, bytes }) => ({ oid: Number(oid), rows: count === null ? null : Math.round(Number(count)), bytes: Number(bytes) }));
}

// reltuples is -1 until something has looked: https://www.postgresql.org/docs/current/catalog-pg-class.html
const SIZES = `
  select wanted.oid::bigint::text as oid, sum(nullif(part.reltuples, -1))::text as rows, coalesce(sum(pg_total_relation_size(part.oid)), 0)::text as bytes
  from unnest($1::bigint[]) as wanted (oid)
  join pg_catalog.pg_class as class on class.oid = wanted.oid::oid
  join lateral (
    select relid from pg_partition_tree(class.oid) where isleaf
    union select class.oid where class.relkind <> 'p') as tree on true
  join pg_catalog.pg_class as part on part.oid = tree.relid
  group by wanted.oid`;
