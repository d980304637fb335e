import type { LiveTable, Relation, ReplicaIdentity } from '../change.ts';
import { identifier, qualified } from './quote.ts';

/** A row's values as Postgres writes them, in the order of the relation's columns. */
export type TextRow = readonly (string | null)[];

/** Milliseconds until a read is given up. */
const TIMEOUT = 30_000;

/** A connection on which values are text under PLAIN_TEXT: ReadOnlyDatabase. */
export interface RowsDatabase {
  run(statement: { readonly text: string; readonly values: readonly unknown[] }, timeout: number): Promise<readonly TextRow[]>;
}

/** A table as it is now, as far as it is published. */
export interface CurrentTable {
  readonly relation: Relation;
  readonly live: LiveTable;
  /** What a text is cast to to be compared with a column, by the column's name: `bpchar`, since `character` is one character alone. */
  readonly types: ReadonlyMap<string, string>;
  /** SQL that leaves out rows that are not published; null if all are. */
  readonly rowFilter: string | null;
  /** As SQL. */
  readonly searchPath: string;
  /** The schema of each column's type, as SQL: its operators may be nowhere else. */
  readonly typeSchemas: ReadonlyMap<string, string>;
  /** Another text once it has to be described again: see `shapeSql`. */
  readonly shape: string;
}

interface Described {
  readonly shape: string;
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
  readonly identity: ReplicaIdentity;
  readonly columns: readonly { readonly name: string; readonly type_oid: number; readonly typmod: number; readonly type: string; readonly type_schema: string; readonly identity: boolean; readonly key: number | null; readonly published: boolean }[];
  readonly filter: string | null;
  readonly search_path: string;
}

/**
 * Null if there is no such table.
 *
 * @param publication what it leaves out is left out here. One that there is not leaves nothing out.
 */
export async function currentTable(database: RowsDatabase, { schema, table }: { readonly schema: string; readonly table: string }, publication: string): Promise<CurrentTable | null> {
  const [row] = await database.run({ text: DESCRIBE, values: [schema, table, publication] }, TIMEOUT);
  const json = row?.[0] ?? null;
  if (json === null) return null;
  const { oid, identity, columns, filter, shape, search_path: searchPath, ...names } = JSON.parse(json) as Described;
  const published = columns.filter((column) => column.published);
  const key = columns.flatMap(({ name, key: place }) => (place === null ? [] : [{ name, place }])).toSorted((a, b) => a.place - b.place);
  return {
    relation: {
      oid,
      ...names,
      replicaIdentity: identity,
      columns: published.map((column) => ({ name: column.name, typeOid: column.type_oid, typmod: column.typmod, identity: column.identity })),
    },
    live: { primaryKey: key.map(({ name }) => name), columns: columns.map(({ name }) => name) },
    types: new Map(columns.map(({ name, type }) => [name, type])),
    searchPath,
    typeSchemas: new Map(columns.map((column) => [column.name, column.type_schema])),
    rowFilter: filter,
    shape,
  };
}

/** Reads the rows of a table by some of its columns that identify one: its key. */
export class CurrentRows {
  readonly #database: RowsDatabase;
  readonly #key: readonly { readonly column: string; readonly type: string }[];
  readonly #select: string;
  readonly #from: string;
  readonly #published: string;
  readonly #version: string;

  /** @param key names of columns of the table */
  constructor(database: RowsDatabase, { relation, types, rowFilter }: CurrentTable, key: readonly string[]) {
    this.#database = database;
    this.#key = key.map((name) => ({ column: `stored.${identifier(name)}`, type: types.get(name) ?? 'text' }));
    this.#select = relation.columns.map(({ name }) => `stored.${identifier(name)}`).join(', ');
    this.#from = `${qualified(relation)} as stored`;
    // A filter names columns without the table.
    this.#published = rowFilter === null ? '' : ` and (select ${rowFilter} from (select stored.*) as row_of)`;
    // What is prepared under the same text must give the same types.
    this.#version = `/* ${relation.columns.map(({ typeOid, typmod }) => `${typeOid}.${typmod}`).join(' ')} */`;
  }

  /** The rows with these keys, in their order; null for one that is not there. */
  async byKeys(keys: readonly TextRow[]): Promise<(TextRow | null)[]> {
    if (keys.length === 0) return [];
    const names = this.#key.map((_, i) => `key_${i}`);
    const text = `select wanted.place, ${this.#select} ${this.#version}
      from unnest(${this.#key.map((_, i) => `$${i + 1}::text[]`).join(', ')}) with ordinality as wanted (${names.join(', ')}, place)
      join ${this.#from} on ${this.#key.map(({ column, type }, i) => `${column} = wanted.key_${i}::${type}`).join(' and ')}${this.#published}`;
    const values = this.#key.map((_, i) => keys.map((key) => key[i] ?? null));
    const found = new Map((await this.#database.run({ text, values }, TIMEOUT)).map(([place, ...row]) => [Number(place), row]));
    return keys.map((_, i) => found.get(i + 1) ?? null);
  }

  /** The next rows in the order of the key: those behind `after`, or the first. Rows whose key has a NULL are left out. */
  async page(after: TextRow | null, limit: number): Promise<readonly TextRow[]> {
    const columns = this.#key.map(({ column }) => column).join(', ');
    const behind = after === null ? '' : ` and (${columns}) > (${this.#key.map(({ type }, i) => `$${i + 1}::text::${type}`).join(', ')})`;
    const text = `select ${this.#select} ${this.#version} from ${this.#from}
      where ${this.#key.map(({ column }) => `${column} is not null`).join(' and ')}${behind}${this.#published}
      order by ${columns} limit ${Math.round(limit)}`;
    return this.#database.run({ text, values: after ?? [] }, TIMEOUT);
  }
}

/**
 * A query whose answer is another one for another table, and once a table's columns, its key, what tells its rows apart in the WAL, or what is
 * published of it are others. @param oid of the table, as SQL
 */
export function shapeSql(oid: string): string {
  return `select concat_ws(' ', shaped.oid, relreplident,
    (select string_agg(concat_ws(' ', attname, atttypid, atttypmod, attcollation), ',' order by attnum) from pg_catalog.pg_attribute where attrelid = shaped.oid and attnum > 0 and not attisdropped),
    (select string_agg(concat_ws(' ', indexrelid, indisprimary, indisreplident), ',' order by indexrelid) from pg_catalog.pg_index where indrelid = shaped.oid and (indisprimary or indisreplident)),
    (select md5(string_agg(to_jsonb(listed)::text, ',' order by listed.oid)) from pg_catalog.pg_publication_rel as listed where prrelid = shaped.oid))
  from pg_catalog.pg_class as shaped where shaped.oid = ${oid}`;
}

/** $1, $2: the table's schema and name; $3: the publication. Columns as pgoutput sends them: generated ones only where the publication says so. */
const DESCRIBE = `
select json_build_object(
  'oid', class.oid::bigint, 'schema', nspname, 'table', relname, 'identity', relreplident, 'filter', published.filter, 'search_path', current_setting('search_path'), 'shape', (${shapeSql('class.oid')}),
  'columns', (select json_agg(json_build_object(
      'name', attname, 'type_oid', atttypid::bigint, 'typmod', atttypmod, 'type', format_type(atttypid, -1),
      'type_schema', (select coalesce(base.typnamespace, kind.typnamespace)::regnamespace from pg_catalog.pg_type as kind left join pg_catalog.pg_type as base on base.oid = kind.typbasetype where kind.oid = atttypid),
      'key', (select array_position(indkey::int2[], attnum) from pg_catalog.pg_index where indrelid = class.oid and indisprimary),
      'identity', relreplident = 'f' or coalesce((select bool_or(attnum = any(indkey::int2[])) from pg_catalog.pg_index
        where indrelid = class.oid and case relreplident when 'd' then indisprimary when 'i' then indisreplident else false end), false),
      'published', case when attgenerated = '' then published.names is null or jsonb_typeof(published.names) = 'null' or published.names ? attname
        else current_setting('server_version_num')::int >= 180000 and coalesce(published.names ? attname, false) end
    ) order by attnum)
    from pg_catalog.pg_attribute where attrelid = class.oid and attnum > 0 and not attisdropped))
from pg_catalog.pg_class as class
join pg_catalog.pg_namespace on pg_namespace.oid = relnamespace
left join lateral (
  -- by way of json: Postgres 14 has neither column lists nor row filters
  select to_jsonb(listed) -> 'attnames' as names, to_jsonb(listed) ->> 'rowfilter' as filter
  from pg_catalog.pg_publication_tables as listed
  where pubname = $3 and listed.schemaname = nspname and listed.tablename = relname) as published on true
where nspname = $1 and relname = $2 and relkind in ('r', 'p')`;
