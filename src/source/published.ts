import type { Config } from '../config.ts';
import type { StreamIdentity } from '../position.ts';
import type { Facts, PublicationFacts } from './facts.ts';
import { watched } from './plan.ts';
import { tableName } from './quote.ts';

const PUBLICATION = 'publication:';
const TABLE = 'table:';
const OPERATIONS = ['insert', 'update', 'delete', 'truncate'] as const;

/**
 * What the publication sends of the watched tables, as marks that stay the same as long as nothing of it is taken back:
 * its OID, the operations, and for each table that is published whole its OID with what makes it a member, and with its name. Postgres makes a new
 * membership when a table is added again, or when its row filter or column list is altered, and a table that is made anew has a new OID.
 */
export function publishedMarks(config: Config, facts: Facts): string[] {
  const { publication } = facts;
  if (publication === null) return [];
  return [
    `${PUBLICATION}${publication.oid}`,
    ...OPERATIONS.filter((operation) => publication.publishes[operation]),
    ...watched(config, facts).flatMap(({ table, relation }) => {
      const membership = membershipOf(publication, table);
      return membership === null ? [] : [`${relation.oid}:${membership}`, markOf(table, relation.oid)];
    }),
  ];
}

/** The stream that the config's slot gives now. */
export function identityOf(config: Config, facts: Facts): StreamIdentity {
  const { systemId, timeline } = facts.server;
  return { systemId, timeline, publication: config.source.publication, published: publishedMarks(config, facts) };
}

/** True if it is another publication of the same name: for a time there was none. */
export function isOtherPublication(before: readonly string[], { publication }: Facts): boolean {
  const mark = before.find((each) => each.startsWith(PUBLICATION));
  return mark !== undefined && publication !== null && mark !== `${PUBLICATION}${publication.oid}`;
}

/** What was published before and is not any more, in words; empty if nothing is. Tables that were not watched, or are not any more, do not matter. */
export function unpublished(before: readonly string[], config: Config, facts: Facts): string[] {
  const now = new Set(publishedMarks(config, facts));
  const operations = OPERATIONS.filter((operation) => before.includes(operation) && !now.has(operation));
  const tables = watched(config, facts).filter(({ table, relation }) => {
    const marks = before.filter((mark) => mark.startsWith(`${relation.oid}:`));
    if (marks.length > 0) return !marks.some((mark) => now.has(mark));
    // One of its name was published, and is not this one: until this one was added, nothing of it was sent.
    const isAnew = before.some((mark) => mark.startsWith(markOf(table, '')));
    return isAnew && !EVERY.some((membership) => now.has(`${relation.oid}:${membership}`));
  });
  return [...operations.map((operation) => `${operation}s`), ...tables.map(({ table }) => `table ${tableName(table)}`)];
}

function markOf({ schema, table }: Named, oid: number | ''): string {
  return `${TABLE}${schema}.${table}=${oid}`;
}

/** Memberships that a new table has from the first. */
const EVERY = ['all', 'schema'] as const;

interface Named {
  readonly schema: string;
  readonly table: string;
}

function membershipOf(publication: PublicationFacts, table: Named): string | null {
  if (publication.allTables) return 'all';
  if (publication.schemas.includes(table.schema)) return 'schema';
  const named = publication.tables.find((published) => published.schema === table.schema && published.table === table.table);
  // What leaves something out has no mark: it can only get better.
  return named === undefined || named.rowFilter || named.columns !== null ? null : String(named.oid);
}
