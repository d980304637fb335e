import type { TextTemplate } from '../template.ts';

/** Rows of a `many` at most: a list that is longer fails, since no receiver is meant to get a table. */
export const MOST_ROWS = 10_000;

/** The query as the configuration has it, its expressions as $1, $2, … in order. */
export function parameterized(sql: TextTemplate): string {
  return withParameters(sql, (index) => `$${index + 1}`);
}

/** One question: gives one row with the answer as JSON text, or null. */
export function singleSql(sql: TextTemplate, many: boolean): string {
  return `select ${answerSql(parameterized(sql), many)}`;
}

/**
 * Many questions: its parameters are lists of texts, one for each parameter of the query; gives a row for each question, in order. The
 * query becomes a subquery of each question's row, so that the server plans and starts it once for all.
 *
 * @param types of the parameters, as Postgres writes them
 */
export function batchSql(sql: TextTemplate, many: boolean, types: readonly string[]): string {
  const query = withParameters(sql, (index) => `walhook_call.p${index + 1}`);
  const each = <T>(part: (number: number, type: string) => T): T[] => types.map((type, index) => part(index + 1, type));
  return `select ${answerSql(query, many)}
from (select ${each((n, type) => `t${n}::${type} as p${n}, `).join('')}place
  from unnest(${each((n) => `$${n}::pg_catalog.text[]`).join(', ')}) with ordinality as texts (${each((n) => `t${n}, `).join('')}place)) as walhook_call
order by walhook_call.place`;
}

/**
 * json, unlike jsonb, keeps the columns in the order of the query's list. The line breaks end a comment, should the query end with one.
 */
function answerSql(query: string, many: boolean): string {
  const rows = `(\n${query}\n)`;
  return many
    ? `(select coalesce(pg_catalog.json_agg(walhook_answer), '[]') from (select * from ${rows} as walhook_found limit ${MOST_ROWS + 1}) as walhook_answer)::pg_catalog.text`
    : `(select pg_catalog.to_json(walhook_answer) from ${rows} as walhook_answer limit 1)::pg_catalog.text`;
}

function withParameters(sql: TextTemplate, parameter: (index: number) => string): string {
  let index = 0;
  return sql.map((part) => (typeof part === 'string' ? part : parameter(index++))).join('');
}
