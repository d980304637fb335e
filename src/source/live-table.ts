import type { LiveTable } from '../change.ts';
import type { Queryable } from './inspect.ts';

/** A table's primary key and columns as they are now. */
export async function liveTable(client: Queryable, relationOid: number): Promise<LiveTable> {
  const { rows } = await client.query<{ name: string; place: number | null }>(
    `select a.attname as name, array_position(i.indkey::int2[], a.attnum) as place
       from pg_catalog.pg_attribute a
       left join pg_catalog.pg_index i on i.indrelid = a.attrelid and i.indisprimary
      where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped`,
    [relationOid],
  );
  const key = rows.flatMap(({ name, place }) => (place === null ? [] : [{ name, place }]));
  return {
    primaryKey: key.toSorted((a, b) => a.place - b.place).map(({ name }) => name),
    columns: rows.map(({ name }) => name),
  };
}
