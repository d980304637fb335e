import type { Config } from '../config.ts';
import { error, type Finding, managed, warning } from '../finding.ts';
import type { Facts } from './facts.ts';
import { publishesAll, watched } from './plan.ts';
import { GENERATED_COLUMNS, identityObstacle, isPublished, kindObstacle } from './publishable.ts';
import { identifier, qualified, tableName } from './quote.ts';
import { tablePath } from './table-findings.ts';

export function publicationFindings(config: Config, facts: Facts): Finding[] {
  const { publication, slot } = facts;
  const { publication: name, manage } = config.source;
  const path = 'source.publication';
  const fix = 'walhook setup';
  if (publication === null) {
    // With a slot this is worse, and said of the slot.
    return slot === null ? [managed(manage, { code: 'publication_missing', message: `there is no publication ${name}`, fix, path })] : [];
  }
  const found: Finding[] = [];
  const lacking = Object.entries(publication.publishes).filter(([, published]) => !published).map(([operation]) => operation);
  if (!publishesAll(publication)) {
    const what = [...(lacking.length === 0 ? [] : [`does not publish ${lacking.join(', ')}`]), ...(publication.viaRoot ? [] : ['publishes partitions under their own names'])];
    found.push(managed(manage, { code: 'publication_options', message: `publication ${name} ${what.join(' and ')}`, fix, path }));
  }
  if (publication.generatedColumns === 'none') {
    found.push(managed(manage, { code: 'publication_generated', message: `publication ${name} does not publish generated columns`, fix, path }));
  }
  for (const { table, relation } of watched(config, facts)) {
    if (isPublished(publication, table) || kindObstacle(relation) !== null || identityObstacle(table, relation, facts) !== null) continue;
    found.push(managed(manage, { code: 'table_not_published', message: `table ${tableName(table)} is not in publication ${name}`, fix, path: tablePath(table) }));
  }
  if (manage && !publication.owned) {
    found.push(warning({ code: 'publication_owner', message: `publication ${name} belongs to ${publication.owner}, so this role cannot alter it`, fix: `ALTER PUBLICATION ${identifier(name)} OWNER TO ${identifier(facts.role.name)};`, path }));
  }
  found.push(...filterFindings(config, facts));
  return found;
}

/** What a publication leaves out by its own lists and filters never reaches walhook. */
function filterFindings(config: Config, facts: Facts): Finding[] {
  const name = identifier(config.source.publication);
  return (facts.publication?.tables ?? []).flatMap((published) => {
    const table = config.tables.find((candidate) => candidate.schema === published.schema && candidate.table === published.table);
    if (table === undefined) return [];
    const fix = `ALTER PUBLICATION ${name} DROP TABLE ${qualified(published)}; ALTER PUBLICATION ${name} ADD TABLE ONLY ${qualified(published)};`;
    const path = tablePath(table);
    const label = `${tableName(published)} in publication ${config.source.publication}`;
    return [
      ...(published.columns === null ? [] : [warning({ code: 'publication_columns', message: `${label} has a column list: other columns are in no event`, fix, path })]),
      ...(published.rowFilter ? [warning({ code: 'publication_row_filter', message: `${label} has a row filter: an update into it looks like an insert, one out of it like a delete`, fix, path })] : []),
      ...(published.columns !== null && table.replica_identity === 'full'
        ? [error({ code: 'column_list', message: `${label} has a column list, which REPLICA IDENTITY FULL does not go with: the table would refuse every UPDATE and DELETE`, fix, path })]
        : []),
    ];
  });
}

/** Generated columns that no event can have. */
export function generatedFindings(config: Config, facts: Facts): Finding[] {
  return watched(config, facts).flatMap(({ table, relation }) => {
    const missing = relation.columns.filter((column) => column.generated === 'virtual' || (column.generated === 'stored' && facts.server.version < GENERATED_COLUMNS));
    if (missing.length === 0) return [];
    const why = missing.some((column) => column.generated === 'virtual') ? 'a virtual one is not in the WAL' : 'before Postgres 18 they are not published';
    return [warning({ code: 'generated_column', message: `generated columns of ${tableName(table)} are in no event (${missing.map((column) => column.name).join(', ')}): ${why}`, path: tablePath(table) })];
  });
}
