import type { LookupDatabase, Statement, TextRows } from './port.ts';

/** What Postgres says of a query. */
export interface QueryFacts {
  readonly parameters: readonly ParameterType[];
  /** The tables that it reads, those of its views and the partitions of both too. Not those that a function reads. */
  readonly tables: readonly ReadTable[];
}

export interface ParameterType {
  /** As a cast names it: `bpchar`, since `character` is one character alone. */
  readonly name: string;
  readonly isArray: boolean;
}

export interface ReadTable {
  readonly oid: number;
  readonly schema: string;
  readonly table: string;
}

const NAME = 'walhook_described';

/**
 * Has Postgres prepare a query, which it refuses if it cannot be run, and asks what it has made of it.
 *
 * @param query with parameters $1, $2, …
 * @param timeout milliseconds for each step
 */
export function describeQuery(database: LookupDatabase, query: string, timeout: number): Promise<QueryFacts> {
  return database.together(timeout, async (run) => {
    await run({ text: `prepare ${NAME} as ${query}\n`, values: [] });
    const parameters = await parameterTypes(run);
    // By a parameter's value the planner may see that nothing can be found in a table, or a partition, and leave it out.
    await run({ text: 'set local plan_cache_mode = force_generic_plan', values: [] });
    await run({ text: 'set local enable_partition_pruning = off', values: [] });
    const nulls = parameters.map(() => 'null').join(', ');
    const plan = await run({ text: `explain (format json, verbose) execute ${NAME}${nulls === '' ? '' : `(${nulls})`}`, values: [] });
    // In a transaction that was ended, a prepared statement stays.
    await run({ text: `deallocate ${NAME}`, values: [] });
    const named = namedTables(JSON.parse(plan.map(([line]) => line).join('\n')));
    return { parameters, tables: named.length === 0 ? [] : await withRelatives(run, named) };
  });
}

/** Rejects if Postgres does not take the query, which it is asked without values. */
export function tryQuery(database: LookupDatabase, query: string, timeout: number): Promise<void> {
  return database.together(timeout, async (run) => {
    await run({ text: `prepare ${NAME} as ${query}\n`, values: [] });
    await run({ text: `deallocate ${NAME}`, values: [] });
  });
}

type Run = (statement: Statement) => Promise<TextRows>;

async function parameterTypes(run: Run): Promise<ParameterType[]> {
  const rows = await run({
    text: `select pg_catalog.format_type(p.type, -1), (t.typcategory = 'A')::text
             from pg_catalog.pg_prepared_statements s
            cross join lateral unnest(s.parameter_types) with ordinality as p (type, place)
             join pg_catalog.pg_type t on t.oid = p.type
            where s.name = '${NAME}' order by p.place`,
    values: [],
  });
  return rows.map(([name, isArray]) => ({ name: name ?? '', isArray: isArray === 'true' }));
}

/** The tables of a plan, as EXPLAIN (VERBOSE, FORMAT JSON) has them: `Schema` and `Relation Name` of each node that reads one. */
export function namedTables(plan: unknown): (readonly [schema: string, table: string])[] {
  const found = new Map<string, readonly [string, string]>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { Schema: schema, 'Relation Name': table } = node as Record<string, unknown>;
    if (typeof schema === 'string' && typeof table === 'string') found.set(JSON.stringify([schema, table]), [schema, table]);
    Object.values(node).forEach(visit);
  };
  visit(plan);
  return [...found.values()];
}

/** The stream tells of a partition's change under the partition's name or, if the publication says so, its parent's. */
async function withRelatives(run: Run, tables: readonly (readonly [string, string])[]): Promise<ReadTable[]> {
  const rows = await run({
    text: `with recursive family as (
             select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
              where (n.nspname::text, c.relname::text) in (select * from unnest($1::text[], $2::text[]))
             union
             select case when i.inhrelid = family.oid then i.inhparent else i.inhrelid end
               from pg_catalog.pg_inherits i join family on family.oid in (i.inhrelid, i.inhparent)
           )
           select c.oid::text, n.nspname::text, c.relname::text
             from family join pg_catalog.pg_class c using (oid) join pg_catalog.pg_namespace n on n.oid = c.relnamespace`,
    values: [tables.map(([schema]) => schema), tables.map(([, table]) => table)],
  });
  return rows.map(([oid, schema, table]) => ({ oid: Number(oid), schema: schema ?? '', table: table ?? '' }));
}
