import type pg from 'pg';
import { didYouMean } from '../closest.ts';
import type { Config, HookConfig } from '../config.ts';
import { readExpression } from '../config/expression.ts';
import type { Places } from '../config/places.ts';
import { expressionColumns } from '../expression-findings.ts';
import { compileExpression } from '../expression/compile-expression.ts';
import { type ExpressionColumn, ExpressionError } from '../expression/expression.ts';
import { error, type Finding } from '../finding.ts';
import { hookExpressions, pathOf } from '../hook-expressions.ts';
import type { Facts } from '../source/facts.ts';
import type { Expression } from '../template.ts';
import { type DescribedLookup, describeLookup, type LookupParameter, type LookupRefusal } from './describe-lookup.ts';

/**
 * Holds every query under `enrich` against the database, without asking it for a row: tables, columns, types and
 * permissions, the types of what is bound, and the columns that expressions ask of what it finds.
 *
 * @param facts of the source database; null: there is none, and the types of what is bound are known when records come
 */
export async function lookupFindings(config: Config, facts: Facts | null, { client, places }: { readonly client: pg.ClientBase; readonly places: Places }): Promise<Finding[]> {
  if (!hasLookups(config)) return [];
  const columns = facts === null ? null : await expressionColumns(config, facts, client);
  const found: Finding[] = [];
  await client.query('begin read only');
  try {
    await client.query("set local lock_timeout = '5s'");
    for (const [index, hook] of config.hooks.entries()) {
      const described = new Map<string, DescribedLookup>();
      for (const [name, { sql }] of hook.enrich) {
        const place: LookupPlace = { hook, index, name, places };
        const result = await describeLookup(client, sql);
        if ('refused' in result) found.push(refusalFinding(result, place));
        else {
          described.set(name, result);
          found.push(...columnFindings(result, place), ...parameterFindings(result, place, columns?.get(hook) ?? null));
        }
      }
      found.push(...fieldFindings(config, { index, places }, described));
    }
  } finally {
    await client.query('rollback');
  }
  return found;
}

export function hasLookups({ hooks }: Pick<Config, 'hooks'>): boolean {
  return hooks.some(({ enrich }) => enrich.size > 0);
}

interface LookupPlace {
  readonly hook: HookConfig;
  readonly index: number;
  readonly name: string;
  readonly places: Places;
}

function refusalFinding({ refused, code, piece }: LookupRefusal, { hook, index, name, places }: LookupPlace): Finding {
  const filled = places.isFilledSql(index, name);
  // Postgres quotes the SQL, and with it what was filled in.
  const message = filled ? `Postgres refuses the query (SQLSTATE ${code}), once its variables are filled in` : refused;
  const place = places.sql({ hook: index, lookup: name, ...(filled || piece === null ? { index: 0, offset: 0 } : piece) });
  return error({ code: 'lookup', message: `${message}\n${place}`, path: `hooks.${hook.name}.enrich.${name}` });
}

/** Each column is an entry of what expressions see, and so needs a name of its own. */
function columnFindings({ columns }: DescribedLookup, { hook, index, name, places }: LookupPlace): Finding[] {
  const told = (message: string): Finding =>
    error({ code: 'lookup_columns', message: `${message}\n${places.sql({ hook: index, lookup: name, index: 0, offset: 0 })}`, path: `hooks.${hook.name}.enrich.${name}` });
  const twice = [...new Set(columns.filter((column, place) => columns.indexOf(column) !== place))];
  const filled = places.isFilledSql(index, name);
  return [
    ...(twice.includes('?column?') || !columns.includes('?column?') ? [] : [told('a column of the query has no name: give it one with AS')]),
    ...twice.map((column) => told(filled ? 'two columns of the query have the same name: give one another with AS' : `two columns of the query are named ${JSON.stringify(column)}: give one another name with AS`)),
  ];
}

function parameterFindings({ parameters }: DescribedLookup, { hook, name, places }: LookupPlace, columns: readonly ExpressionColumn[] | null): Finding[] {
  if (columns === null) return [];
  const earlier = [...hook.enrich.keys()].slice(0, [...hook.enrich.keys()].indexOf(name));
  return parameters.flatMap((parameter) => {
    const type = typeOf(parameter.expression, columns, earlier);
    if (type === null || goesTogether(type, parameter)) return [];
    const message = `gives ${type}, and the query wants ${parameter.type} here\n${places.expression(parameter.expression, 0)}`;
    return [error({ code: 'lookup_parameter', message, path: `hooks.${hook.name}.enrich.${name}` })];
  });
}

/** Null where the expression itself is at fault, which is told elsewhere. */
function typeOf({ source }: Expression, columns: readonly ExpressionColumn[], lookups: readonly string[]): string | null {
  try {
    return compileExpression(source, columns, lookups).type;
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return null;
    throw thrown;
  }
}

/**
 * By pg_type's category: what can never be bound. Text may be the text of anything, so that only its value tells.
 * https://www.postgresql.org/docs/current/catalog-pg-type.html#CATALOG-TYPCATEGORY-TABLE
 */
function goesTogether(type: string, { type: wanted, category }: LookupParameter): boolean {
  if (category === 'S' || wanted === 'json' || wanted === 'jsonb') return true;
  const kind = /^[a-z]+/.exec(type)?.[0];
  switch (kind) {
    case 'bool':
      return category === 'B';
    case 'int':
    case 'double':
      return category === 'N';
    case 'timestamp':
      return category === 'D';
    case 'list':
      return category === 'A';
    case 'map':
      return category === 'U' || category === 'C';
    default:
      return true;
  }
}

/** `org.nmae`, where the query for `org` gives one row and no such column. */
function fieldFindings(config: Config, { index, places }: { readonly index: number; readonly places: Places }, described: ReadonlyMap<string, DescribedLookup>): Finding[] {
  const hook = config.hooks[index];
  return hookExpressions(config, index).flatMap((expression) =>
    readExpression(expression.source).names.flatMap(({ name, field }) => {
      const lookup = hook?.enrich.get(name)?.many === false ? described.get(name) : undefined;
      if (lookup === undefined || field === null || lookup.columns.includes(field.name)) return [];
      const message = `no column ${JSON.stringify(field.name)} in ${name}${places.isFilledSql(index, name) ? '' : didYouMean(field.name, lookup.columns)}`;
      return [error({ code: 'expression', message: `${message}\n${places.expression(expression.where, field.at)}`, path: pathOf(expression, hook?.name ?? '') })];
    }),
  );
}
