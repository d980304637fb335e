import type { TableConfig } from '../config.ts';
import type { Facts, IdentityFacts, PublicationFacts, RelationFacts } from './facts.ts';

/** Why walhook leaves something alone. */
export interface Obstacle {
  readonly code: string;
  readonly message: string;
  readonly fix: string | null;
}

/** Since this version a published table refuses UPDATE and DELETE if its identity has an unpublished generated column. */
export const GENERATED_COLUMNS = 180_000;

/** The config's line allows REPLICA IDENTITY FULL. */
export function mayBeFull(table: TableConfig): boolean {
  return table.replica_identity === 'full';
}

/** Why a relation cannot be in a publication, or null if it can. https://www.postgresql.org/docs/current/sql-createpublication.html */
export function kindObstacle(relation: RelationFacts): Obstacle | null {
  const kind = relation.kind === 'table' || relation.kind === 'partitioned table' ? null : `a ${relation.kind}`;
  const what = kind ?? (relation.system ? 'a system table' : relation.persistence === 'permanent' ? null : relation.persistence);
  if (what === null) return null;
  return {
    code: 'not_publishable',
    message: `it is ${what}, whose changes Postgres does not publish`,
    fix: relation.persistence === 'unlogged' ? 'ALTER TABLE … SET LOGGED;' : null,
  };
}

/**
 * Why REPLICA IDENTITY FULL would make the application's UPDATE and DELETE fail, or null if it would not.
 * https://www.postgresql.org/docs/current/logical-replication-publication.html#LOGICAL-REPLICATION-PUBLICATION-REPLICA-IDENTITY
 */
export function fullObstacle(relation: RelationFacts, facts: Facts): Obstacle | null {
  const generated = (kind: 'stored' | 'virtual'): string | undefined => relation.columns.find((column) => column.generated === kind)?.name;
  const others = relation.otherPublications.filter((publication) => publication.needsIdentity);
  if (facts.server.version >= GENERATED_COLUMNS) {
    const virtual = generated('virtual');
    if (virtual !== undefined) {
      return {
        code: 'virtual_column',
        message: `column ${virtual} is generated and virtual: with REPLICA IDENTITY FULL the published table would refuse every UPDATE and DELETE`,
        fix: 'make the column STORED, or leave out replica_identity: full',
      };
    }
    const unpublished = others.find((publication) => publication.generatedColumns !== 'stored');
    const stored = generated('stored');
    if (stored !== undefined && unpublished !== undefined) {
      return {
        code: 'generated_column_unpublished',
        message: `column ${stored} is generated, and publication ${unpublished.name} does not publish generated columns: with REPLICA IDENTITY FULL the table would refuse every UPDATE and DELETE`,
        fix: `ALTER PUBLICATION "${unpublished.name.replaceAll('"', '""')}" SET (publish_generated_columns = stored);`,
      };
    }
  }
  const listed = others.find((publication) => publication.columnList);
  if (listed === undefined) return null;
  return {
    code: 'column_list',
    message: `publication ${listed.name} names columns of it: with REPLICA IDENTITY FULL the table would refuse every UPDATE and DELETE`,
    fix: null,
  };
}

/** True if walhook is to set REPLICA IDENTITY FULL on the table, and that does no harm. */
export function willBeFull(table: TableConfig, relation: RelationFacts, facts: Facts): boolean {
  return mayBeFull(table) && kindObstacle(relation) === null && fullObstacle(relation, facts) === null;
}

/** The identity that the table and its leaf partitions share once the plan has run: the columns that all of them log. */
export function plannedIdentity(table: TableConfig, relation: RelationFacts, facts: Facts): IdentityFacts {
  if (willBeFull(table, relation, facts)) return { setting: 'f', columns: relation.columns.map((column) => column.name) };
  const leaves = relation.partitions.filter((partition) => partition.leaf).map((partition) => partition.identity);
  const all = [relation.identity, ...leaves];
  const columns = relation.identity.columns.filter((column) => all.every((identity) => identity.columns.includes(column)));
  const full = all.every((identity) => identity.setting === 'f');
  return { setting: full ? 'f' : relation.identity.setting === 'f' ? 'd' : relation.identity.setting, columns };
}

/**
 * Why publishing the table, as its identity will then be, would make the application's UPDATE and DELETE fail; null if
 * it would not.
 */
export function identityObstacle(table: TableConfig, relation: RelationFacts, facts: Facts): Obstacle | null {
  const identity = plannedIdentity(table, relation, facts);
  const leaves = relation.partitions.filter((partition) => partition.leaf);
  const bare = identity.setting === 'f' ? undefined : leaves.find((leaf) => leaf.identity.columns.length === 0);
  if (bare !== undefined) {
    return { code: 'identity_missing', message: `its partition ${bare.schema}.${bare.table} has no replica identity: once published it would refuse every UPDATE and DELETE`, fix: IDENTITY_FIX };
  }
  if (identity.columns.length === 0 && leaves.length === 0) {
    return { code: 'identity_missing', message: 'it has no replica identity: once published it would refuse every UPDATE and DELETE', fix: IDENTITY_FIX };
  }
  return identity.setting === 'f' ? fullObstacle(relation, facts) : null;
}

const IDENTITY_FIX = 'a primary key, or replica_identity: full in walhook.yaml';

/** True if the publication holds the table: by name, through its schema, or as one of all. */
export function isPublished(publication: PublicationFacts | null, table: { readonly schema: string; readonly table: string }): boolean {
  if (publication === null) return false;
  if (publication.allTables || publication.schemas.includes(table.schema)) return true;
  return publication.tables.some((published) => published.schema === table.schema && published.table === table.table);
}
