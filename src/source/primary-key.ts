import type { Queryable } from './inspect.ts';

/** The columns of a relation's primary key, in the key's order; none if it has none. */
export async function primaryKey(client: Queryable, relationOid: number): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select a.attname as name
       from pg_catalog.pg_index i
       cross join lateral unnest(i.indkey::int2[]) with ordinality as k (attnum, place)
       join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
      where i.indrelid = $1::oid and i.indisprimary
      order by k.place`,
    [relationOid],
  );
  return rows.map((row) => row.name);
}
