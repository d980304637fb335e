import type { Config, HookConfig } from './config.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import { type ExpressionColumn, ExpressionError } from './expression/expression.ts';
import { compileFilter } from './expression/filter.ts';
import type { Facts, RelationFacts } from './source/facts.ts';
import { error, type Finding } from './source/finding.ts';
import type { Queryable } from './source/inspect.ts';
import { GENERATED_COLUMNS } from './source/publishable.ts';

/** Type-checks every expression against the columns its table has now. */
export async function expressionFindings(config: Config, facts: Facts, client: Queryable): Promise<Finding[]> {
  const catalog = new TypeCatalog(async (sql, params) => (await client.query<Record<string, unknown>>(sql, [...params])).rows);
  const codecs = new CatalogCodecs(catalog);
  const found: Finding[] = [];
  for (const hook of config.hooks) {
    const relation = facts.tables.find((table) => table.schema === hook.schema && table.table === hook.table)?.relation;
    // A table that is not there is a finding of its own.
    if (hook.when === null || !relation) continue;
    const published = relation.columns.filter((column) => isPublishedColumn(column, facts));
    await catalog.load(published.map((column) => column.typeOid));
    found.push(...whenFindings(hook, hook.when, published.map(({ name, typeOid }) => ({ name, celType: codecs.celType(typeOid) }))));
  }
  return found;
}

function whenFindings({ name }: HookConfig, when: string, columns: readonly ExpressionColumn[]): Finding[] {
  try {
    compileFilter(when, columns);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof ExpressionError)) throw thrown;
    return [error({ code: 'expression', message: `${thrown.message}\n${underlined(when, thrown)}`, path: `hooks.${name}.when` })];
  }
}

/** The expression's line with a caret below the fault. */
function underlined(source: string, { line, column }: ExpressionError): string {
  return `${source.split('\n')[line - 1] ?? ''}\n${' '.repeat(column - 1)}^`;
}

/** Virtual columns are never in the WAL's rows, stored ones are since Postgres 18. */
function isPublishedColumn({ generated }: RelationFacts['columns'][number], { server }: Facts): boolean {
  return generated === null || (generated === 'stored' && server.version >= GENERATED_COLUMNS);
}
