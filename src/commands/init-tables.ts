import type pg from 'pg';

/** A table of the database, as `init` sees it. */
export interface FoundTable {
  readonly schema: string;
  readonly table: string;
  /** The planner's; null: it was never analyzed. */
  readonly rows: number | null;
  /** In key order; null if there is none. */
  readonly primaryKey: readonly string[] | null;
  readonly columns: readonly FoundColumn[];
  /** The role that looks. */
  readonly role: string;
  /** It may read the table. */
  readonly readable: boolean;
  /** It may alter the table. */
  readonly owned: boolean;
  /** It has REPLICA IDENTITY FULL already. */
  readonly full: boolean;
}

export interface FoundColumn {
  readonly name: string;
  /** As format_type gives it, without its length: `character varying`. */
  readonly type: string;
}

/**
 * Tables that can be published: ordinary and partitioned ones, without partitions, what extensions brought, and the state schema
 * of a walhook. Postgres 14 to 18; in the order of their names, schema public first.
 */
export async function foundTables(client: Pick<pg.ClientBase, 'query'>): Promise<FoundTable[]> {
  const { rows } = await client.query<{ found: FoundTable }>(QUERY);
  return rows.map(({ found }) => found);
}

const QUERY = `
  select json_build_object(
    'schema', space.nspname, 'table', class.relname,
    'rows', (select case when bool_or(part.reltuples >= 0) then sum(greatest(part.reltuples, 0))::bigint end
      from pg_catalog.pg_class as part
      where part.oid = class.oid and class.relkind = 'r'
         or class.relkind = 'p' and part.oid in (select relid from pg_catalog.pg_partition_tree(class.oid) where isleaf)),
    'primaryKey', (select json_agg(attname order by place)
      from pg_catalog.pg_index, unnest(indkey::int2[]) with ordinality as listed (number, place)
      join pg_catalog.pg_attribute on attrelid = class.oid and attnum = number
      where indrelid = class.oid and indisprimary and indimmediate),
    'columns', (select coalesce(json_agg(json_build_object('name', attname, 'type', format_type(atttypid, null)) order by attnum), '[]')
      from pg_catalog.pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped),
    'role', current_user, 'readable', has_table_privilege(class.oid, 'select') and has_schema_privilege(space.oid, 'usage'),
    'owned', pg_has_role(class.relowner, 'usage'),
    'full', class.relreplident = 'f') as found
  from pg_catalog.pg_class as class join pg_catalog.pg_namespace as space on space.oid = class.relnamespace
  where class.relkind in ('r', 'p') and class.relpersistence = 'p' and not class.relispartition and class.oid >= 16384
    and space.nspname not like 'pg\\_%' and space.nspname <> 'information_schema'
    and not exists (select from pg_catalog.pg_depend where classid = 'pg_catalog.pg_class'::regclass and objid = class.oid and deptype = 'e')
    and (select count(*) from pg_catalog.pg_class as own where own.relnamespace = space.oid and own.relname in ('migration', 'checkpoint', 'owner', 'parked', 'dead')) < 5
  order by space.nspname <> 'public', space.nspname, class.relname`;
