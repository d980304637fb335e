/*
 * The queries behind inspect.ts: each row is one json object with the names of facts.ts. Everything is named with its
 * schema, since the search_path is the role's own affair. What a version of Postgres does not have yet becomes a constant.
 * https://www.postgresql.org/docs/current/catalogs.html
 */

/** How far the WAL has been written; what a WAL sender has sent is not beyond it. */
export const WAL_END = 'case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end';

/** $1: names of schemas. */
export function serverQuery(): string {
  return `
    select json_build_object(
      'server', json_build_object(
        'version', current_setting('server_version_num')::int,
        'database', current_database(),
        'walLevel', current_setting('wal_level'),
        'inRecovery', pg_is_in_recovery(),
        'systemId', (select system_identifier::text from pg_catalog.pg_control_system()),
        'timeline', case when pg_is_in_recovery() then (select timeline_id from pg_catalog.pg_control_checkpoint())
          -- the name of a WAL file begins with its timeline in hexadecimal; the control file may still tell the one before
          else ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int end,
        'currentLsn', (${WAL_END})::text,
        'slots', json_build_object(
          'used', (select count(*) from pg_catalog.pg_replication_slots), 'max', current_setting('max_replication_slots')::int),
        'senders', json_build_object(
          'used', (select count(*) from pg_catalog.pg_stat_activity where backend_type = 'walsender'),
          'max', current_setting('max_wal_senders')::int),
        'slotWalLimit', (select case when setting::bigint < 0 then null else setting::bigint * 1024 * 1024 end
          from pg_catalog.pg_settings where name = 'max_slot_wal_keep_size'),
        'senderTimeout', (select setting::int from pg_catalog.pg_settings where name = 'wal_sender_timeout'),
        'synchronizedStandbySlots', current_setting('synchronized_standby_slots', true)
      ),
      'role', (select json_build_object(
          'name', rolname,
          'superuser', rolsuper,
          'replication', rolsuper or rolreplication or coalesce((
            select pg_has_role(current_user, oid, 'usage') from pg_catalog.pg_roles where rolname = 'rds_replication'), false),
          'rds', exists (select from pg_catalog.pg_roles where rolname = 'rds_replication'),
          'create', has_database_privilege(current_database(), 'create'))
        from pg_catalog.pg_roles where rolname = current_user),
      'schemas', (select coalesce(json_agg(nspname), '[]') from pg_catalog.pg_namespace where nspname = any($1::text[]))
    ) as facts`;
}

/** $1: the slot's name. */
export function slotQuery(): string {
  // By way of json, since columns come and go with versions: a key that is not there is null.
  return `
    select json_build_object(
      'plugin', plugin, 'database', database, 'temporary', temporary, 'activePid', active_pid,
      'walStatus', wal_status, 'safeWalSize', safe_wal_size,
      'invalidation', coalesce(to_jsonb(slots) ->> 'invalidation_reason',
        case when (to_jsonb(slots) ->> 'conflicting')::boolean then 'conflict with recovery' end),
      'failover', (to_jsonb(slots) ->> 'failover')::boolean,
      'confirmedFlushLsn', confirmed_flush_lsn::text, 'restartLsn', restart_lsn::text) as facts
    from pg_catalog.pg_replication_slots as slots where slot_name = $1`;
}

/** $1: the publication's name. */
export function publicationQuery(version: number): string {
  const filters = version >= 150_000;
  return `
    select json_build_object(
      'oid', oid::bigint, 'owner', pg_get_userbyid(pubowner), 'owned', pg_has_role(pubowner, 'usage'),
      'allTables', puballtables,
      'schemas', ${
        filters
          ? `(select coalesce(json_agg(nspname), '[]') from pg_catalog.pg_publication_namespace
              join pg_catalog.pg_namespace on pg_namespace.oid = pnnspid where pnpubid = publication.oid)`
          : `'[]'::json`
      },
      'publishes', json_build_object('insert', pubinsert, 'update', pubupdate, 'delete', pubdelete, 'truncate', pubtruncate),
      'viaRoot', pubviaroot,
      'generatedColumns', ${generatedColumns(version)},
      'tables', (select coalesce(json_agg(json_build_object(
          'oid', pg_publication_rel.oid::bigint, 'schema', nspname, 'table', relname,
          'columns', ${filters ? columnNames('prrelid', 'prattrs') : 'null'},
          'rowFilter', ${filters ? 'prqual is not null' : 'false'}) order by nspname, relname), '[]')
        from pg_catalog.pg_publication_rel
        join pg_catalog.pg_class on pg_class.oid = prrelid
        join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
        where prpubid = publication.oid)) as facts
    from pg_catalog.pg_publication as publication where pubname = $1`;
}

/** $1, $2: schemas and names of tables; $3: our publication. A row for each table, in their order. */
export function relationsQuery(version: number): string {
  return `
    select json_build_object(
      'relation', case when class.oid is not null then json_build_object(
        'oid', class.oid::bigint, 'kind', ${kind('class')},
        'persistence', case class.relpersistence when 'p' then 'permanent' when 'u' then 'unlogged' else 'temporary' end,
        -- as publications see it: https://www.postgresql.org/docs/current/sql-createpublication.html
        'system', class.oid < 16384 or wanted.schema in ('pg_catalog', 'information_schema'),
        'owner', pg_get_userbyid(class.relowner), 'owned', pg_has_role(class.relowner, 'usage'),
        'columns', (
          select coalesce(json_agg(json_build_object(
            'name', attname, 'typeOid', atttypid::bigint,
            'baseOid', (select coalesce(nullif(typbasetype, 0), pg_type.oid) from pg_catalog.pg_type where pg_type.oid = atttypid)::bigint,
            'type', format_type(atttypid, atttypmod), 'notNull', attnotnull,
            'generated', case attgenerated when 's' then 'stored' when 'v' then 'virtual' end,
            'toastable', attlen = -1 and attstorage <> 'p') order by attnum), '[]')
          from pg_catalog.pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped),
        'primaryKey', (select ${columnNames('indrelid', 'indkey')} from pg_catalog.pg_index where indrelid = class.oid and indisprimary),
        'identity', ${identity('class')},
        'partitions', (
          select coalesce(json_agg(json_build_object(
            'schema', part_schema.nspname, 'table', part.relname, 'leaf', tree.isleaf, 'kind', ${kind('part')},
            'owned', pg_has_role(part.relowner, 'usage'), 'identity', ${identity('part')}) order by tree.level, part_schema.nspname, part.relname), '[]')
          from pg_partition_tree(class.oid) as tree
          join pg_catalog.pg_class as part on part.oid = tree.relid
          join pg_catalog.pg_namespace as part_schema on part_schema.oid = part.relnamespace
          where tree.level > 0),
        'partitionOf', (
          select json_build_object('schema', root_schema.nspname, 'table', root.relname)
          from pg_catalog.pg_class as root join pg_catalog.pg_namespace as root_schema on root_schema.oid = root.relnamespace
          where class.relispartition and root.oid = pg_partition_root(class.oid)),
        'otherPublications', ${otherPublications(version)}) end,
      'siblings', case when class.oid is null then (
        select coalesce(json_agg(case when near_schema.nspname = wanted.schema then near.relname else near_schema.nspname || '.' || near.relname end), '[]')
        from pg_catalog.pg_class as near join pg_catalog.pg_namespace as near_schema on near_schema.oid = near.relnamespace
        where near.relkind in ('r', 'p') and near.oid >= 16384
          and near_schema.nspname not like 'pg\\_%' and near_schema.nspname <> 'information_schema') else '[]' end) as facts
    from unnest($1::text[], $2::text[]) with ordinality as wanted (schema, name, place)
    left join (pg_catalog.pg_class as class join pg_catalog.pg_namespace as class_schema on class_schema.oid = class.relnamespace)
      on class_schema.nspname = wanted.schema and class.relname = wanted.name and class.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    order by wanted.place`;
}

function kind(relation: string): string {
  return `case ${relation}.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
    when 'm' then 'materialized view' when 'f' then 'foreign table' when 'S' then 'sequence' else 'other' end`;
}

/** The names of the columns whose numbers are in an int2vector, in its order; null if that is null. */
function columnNames(relation: string, numbers: string): string {
  return `(select json_agg(attname order by place)
    from unnest(${numbers}::int2[]) with ordinality as listed (number, place)
    join pg_catalog.pg_attribute on attrelid = ${relation} and attnum = number)`;
}

/** As RelationGetReplicaIndex() sees it: a deferrable primary key is none. */
function identity(relation: string): string {
  return `json_build_object('setting', ${relation}.relreplident, 'columns', coalesce(case
    when ${relation}.relreplident = 'f' then (
      select json_agg(attname order by attnum) from pg_catalog.pg_attribute
      where attrelid = ${relation}.oid and attnum > 0 and not attisdropped)
    when ${relation}.relreplident in ('d', 'i') then (
      select ${columnNames('indrelid', 'indkey')} from pg_catalog.pg_index
      where indrelid = ${relation}.oid and indisvalid and indimmediate
        and case when ${relation}.relreplident = 'd' then indisprimary else indisreplident end)
    end, '[]'))`;
}

/** Through the table itself, a table above it, its schema, or FOR ALL TABLES. */
function otherPublications(version: number): string {
  const filters = version >= 150_000;
  const bySchema = filters
    ? `or exists (select from pg_catalog.pg_publication_namespace where pnpubid = other.oid and pnnspid = class.relnamespace)`
    : '';
  return `(
    select coalesce(json_agg(json_build_object('name', pubname, 'needsIdentity', pubupdate or pubdelete,
      'generatedColumns', ${generatedColumns(version)},
      'columnList', ${filters ? `coalesce(member.prattrs is not null, false)` : 'false'}) order by pubname), '[]')
    from pg_catalog.pg_publication as other
    left join lateral (
      select member.* from pg_catalog.pg_publication_rel as member
      where member.prpubid = other.oid and member.prrelid in (select class.oid union all select relid from pg_partition_ancestors(class.oid))
      limit 1) as member on true
    where pubname <> $3 and (puballtables or member.prpubid is not null ${bySchema}))`;
}

function generatedColumns(version: number): string {
  return version >= 180_000 ? `case pubgencols when 's' then 'stored' else 'none' end` : 'null';
}
