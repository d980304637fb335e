import pg from 'pg';
import type { Expression, TextTemplate } from '../template.ts';

/** What Postgres makes of a lookup's query. */
export interface DescribedLookup {
  /** Names of its columns, in order. */
  readonly columns: readonly string[];
  /** One for each expression, in order. */
  readonly parameters: readonly LookupParameter[];
}

export interface LookupParameter {
  readonly expression: Expression;
  /** As format_type gives it: `uuid`. */
  readonly type: string;
  /** pg_type.typcategory. */
  readonly category: string;
}

export interface LookupRefusal {
  /** In Postgres' words. */
  readonly refused: string;
  /** SQLSTATE. */
  readonly code: string;
  /** The character of which piece it points at; null if at none. */
  readonly piece: { readonly index: number; readonly offset: number } | null;
}

const NAME = 'walhook_lookup';

// A query of nothing but its own columns: what changes data cannot stand in a FROM, and no row is looked for.
const BEFORE = `prepare ${NAME} as select * from (\n`;
const BEHIND = '\n) as lookup where false';

/**
 * Asks Postgres about a query: its types as PREPARE finds them, its columns and whether the role may read them as an EXECUTE
 * does that gives no rows. To be called in a transaction, which goes on whatever comes of it.
 */
export async function describeLookup(client: pg.ClientBase, sql: TextTemplate): Promise<DescribedLookup | LookupRefusal> {
  const pieces: string[] = [];
  const expressions: Expression[] = [];
  for (const part of sql) pieces.push(typeof part === 'string' ? part : `$${expressions.push(part)}`);
  let prepared = false;
  await client.query('savepoint lookup');
  try {
    await client.query(`${BEFORE}${pieces.join('')}${BEHIND}`);
    prepared = true;
    const parameters = await parameterTypes(client, expressions);
    const nulls = expressions.map(() => 'null').join(', ');
    const { fields } = await client.query(`execute ${NAME}${nulls === '' ? '' : `(${nulls})`}`);
    await client.query(`deallocate ${NAME}; release savepoint lookup`);
    return { columns: fields.map(({ name }) => name), parameters };
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error;
    await client.query('rollback to savepoint lookup; release savepoint lookup');
    // A prepared statement does not go away with its transaction.
    if (prepared) await client.query(`deallocate ${NAME}`);
    return refusal(error, sql, pieces);
  }
}

async function parameterTypes(client: pg.ClientBase, expressions: readonly Expression[]): Promise<LookupParameter[]> {
  const { rows } = await client.query<{ type: string; category: string }>(
    `select pg_catalog.format_type(t.oid, null) as type, t.typcategory as category
       from pg_catalog.pg_prepared_statements s,
            unnest(s.parameter_types::pg_catalog.oid[]) with ordinality p (oid, place)
       join pg_catalog.pg_type t on t.oid = p.oid
      where s.name = $1
      order by p.place`,
    [NAME],
  );
  return rows.flatMap(({ type, category }, index) => {
    const expression = expressions[index];
    return expression === undefined ? [] : [{ expression, type, category }];
  });
}

/** `position` counts characters of the whole statement, from 1. */
function refusal({ message, hint, code = '', position }: pg.DatabaseError, sql: TextTemplate, pieces: readonly string[]): LookupRefusal {
  const refused = hint === undefined ? message : `${message} (${hint})`;
  if (position === undefined) return { refused, code, piece: null };
  const before = Array.from(`${BEFORE}${pieces.join('')}${BEHIND}`).slice(0, Number(position) - 1).join('');
  let offset = before.length - BEFORE.length;
  for (const [index, piece] of pieces.entries()) {
    if (offset < piece.length) return { refused, code, piece: { index, offset: typeof sql[index] === 'string' ? Math.max(offset, 0) : 0 } };
    offset -= piece.length;
  }
  // Postgres misses something where the text behind the query begins.
  const index = pieces.length - 1;
  return { refused: 'the query ends too early', code, piece: { index, offset: typeof sql[index] === 'string' ? (pieces[index]?.trimEnd().length ?? 0) : 0 } };
}
