import type { Config, HookConfig } from './config.ts';
import type { Places } from './config/places.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import { compileExpression } from './expression/compile-expression.ts';
import { type ExpressionColumn, ExpressionError } from './expression/expression.ts';
import { compileFilter } from './expression/filter.ts';
import { error, type Finding } from './finding.ts';
import { hookExpressions, type HookExpression, pathOf } from './hook-expressions.ts';
import type { Facts, RelationFacts } from './source/facts.ts';
import type { Queryable } from './source/inspect.ts';
import { GENERATED_COLUMNS } from './source/publishable.ts';

/**
 * Type-checks every expression against the columns its table has now.
 * @param places shows where in the file; null: it is not at hand
 */
export async function expressionFindings(config: Config, facts: Facts, client: Queryable, places: Places | null = null): Promise<Finding[]> {
  const columns = await expressionColumns(config, facts, client);
  return config.hooks.flatMap((hook, index) => {
    const those = columns.get(hook);
    return those === undefined ? [] : hookExpressions(config, index).flatMap((expression) => fault(expression, { hook, columns: those, places }));
  });
}

/** What expressions see of each hook's table. A table that is not there, which is a finding of its own, has no entry. */
export async function expressionColumns(config: Config, facts: Facts, client: Queryable): Promise<ReadonlyMap<HookConfig, readonly ExpressionColumn[]>> {
  const catalog = new TypeCatalog(async (sql, params) => (await client.query<Record<string, unknown>>(sql, [...params])).rows);
  const codecs = new CatalogCodecs(catalog);
  const found = new Map<HookConfig, readonly ExpressionColumn[]>();
  for (const hook of config.hooks) {
    const relation = facts.tables.find((table) => table.schema === hook.schema && table.table === hook.table)?.relation;
    if (!relation) continue;
    const published = relation.columns.filter((column) => isPublishedColumn(column, facts));
    await catalog.load(published.map((column) => column.typeOid));
    found.set(hook, published.map(({ name, typeOid }) => ({ name, celType: codecs.celType(typeOid) })));
  }
  return found;
}

interface Checked {
  readonly hook: HookConfig;
  readonly columns: readonly ExpressionColumn[];
  readonly places: Places | null;
}

function fault(expression: HookExpression, { hook, columns, places }: Checked): Finding[] {
  const { where, endpoint } = expression;
  const thrown = expressionFault(expression, columns, hook);
  if (thrown === null) return [];
  const message = places?.isFilled(where) === true ? 'does not fit the table (once its variables are filled in)' : thrown.message;
  const place = places === null ? underlined(expression.source, thrown) : places.expression(where, thrown.offset);
  const whose = endpoint === null ? '' : `for hook ${hook.name}: `;
  return [error({ code: 'expression', message: `${whose}${message}\n${place}`, path: pathOf(expression, hook.name) })];
}

/** What of an expression does not fit the columns of its table; null if it fits. */
export function expressionFault(expression: HookExpression, columns: readonly ExpressionColumn[], hook: HookConfig): ExpressionError | null {
  try {
    compile(expression, columns, hook);
    return null;
  } catch (thrown) {
    if (thrown instanceof ExpressionError) return thrown;
    throw thrown;
  }
}

function compile({ source, use, lookups }: HookExpression, columns: readonly ExpressionColumn[], { schedule }: HookConfig): void {
  if (use === 'when') {
    const { usesOld, changed, event } = compileFilter(source, columns).columns;
    const other = usesOld ? 'old' : changed ? 'changed' : event ? 'event' : null;
    // It must be true when the row matches, and when it is sent: then there is the row alone.
    if (schedule !== null && other !== null) throw new ExpressionError(`with \`schedule\` it can ask about \`row\` alone, which is looked at again when it is sent: not about \`${other}\``, source, Math.max(0, source.search(new RegExp(`\\b${other}\\b`))));
    return;
  }
  const { type, bare } = compileExpression(source, columns, lookups);
  const refuse = (message: string): never => {
    throw new ExpressionError(message, source, 0);
  };
  const whole = bare !== null && bare.name === null;
  if (use === 'pairs' && !whole && !/^(?:map|dyn)/.test(type)) refuse(`gives ${type}, and a form or query is made of a map`);
  if (use === 'method' && (whole || !/^(?:string|dyn)/.test(type))) refuse(`gives ${whole ? 'a row' : type}, and a method is a string`);
  if (use === 'path' && (whole || /^(?:list|map)/.test(type))) refuse(`gives ${whole ? 'a row' : type}, which cannot be a part of a path`);
  if (use === 'topic' && (whole || /^(?:list|map)/.test(type))) refuse(`gives ${whole ? 'a row' : type}, which cannot be a part of the name of a topic`);
  if (use === 'parameter' && whole) refuse(`a whole row cannot be a parameter of a query: name a column, as in ${source}.id`);
}

/** The expression's line with a caret below the fault. */
function underlined(source: string, { line, column }: ExpressionError): string {
  return `${source.split('\n')[line - 1] ?? ''}\n${' '.repeat(column - 1)}^`;
}

/** Virtual columns are never in the WAL's rows, stored ones are since Postgres 18. */
function isPublishedColumn({ generated }: RelationFacts['columns'][number], { server }: Facts): boolean {
  return generated === null || (generated === 'stored' && server.version >= GENERATED_COLUMNS);
}
