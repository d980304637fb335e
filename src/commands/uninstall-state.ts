import type pg from 'pg';
import { qualified } from '../source/quote.ts';

/** What is in the state schema. */
export interface StateSchemaFacts {
  /** It has walhook's list of migrations. */
  readonly isWalhooks: boolean;
  /** Slots besides the configured one that have their position there. */
  readonly otherSlots: readonly string[];
  readonly parked: number;
  readonly held: number;
  readonly dead: number;
}

/** Null if there is no such schema. A table of it that is not there, since its version is another one, is empty. */
export async function stateSchemaFacts(client: pg.ClientBase, schema: string, slot: string): Promise<StateSchemaFacts | null> {
  const { rows } = await client.query<{ tables: string[] }>(
    `select array(select relname::text from pg_catalog.pg_class where relnamespace = space.oid and relkind in ('r', 'p')) as tables
       from pg_catalog.pg_namespace space where nspname = $1`,
    [schema],
  );
  const tables = rows[0]?.tables;
  if (tables === undefined) return null;
  const count = async (table: string): Promise<number> => {
    if (!tables.includes(table)) return 0;
    const result = await client.query<{ count: string }>(`select count(*) from ${qualified({ schema, table })}`);
    return Number(result.rows[0]?.count ?? 0);
  };
  const others = tables.includes('checkpoint') ? await client.query<{ slot: string }>(`select slot from ${qualified({ schema, table: 'checkpoint' })} where slot <> $1 order by slot`, [slot]) : { rows: [] };
  return {
    isWalhooks: tables.includes('migration') && tables.includes('checkpoint'),
    otherSlots: others.rows.map((row) => row.slot),
    parked: await count('parked'),
    held: await count('held'),
    dead: await count('dead'),
  };
}
