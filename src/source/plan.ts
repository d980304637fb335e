import type { Config, TableConfig } from '../config.ts';
import type { Facts, PublicationFacts, RelationFacts } from './facts.ts';
import { GENERATED_COLUMNS, identityObstacle, isPublished, kindObstacle, willBeFull } from './publishable.ts';
import { identifier, literal, qualified, tableName } from './quote.ts';
import type { Step } from './step.ts';

/**
 * What to change so that the database is as the config wants it, in an order in which the application's writes work
 * after each step: generated columns are published before an identity contains them, identities are there before
 * updates are published. The publication comes before the slot: a slot decodes with the catalog as it was, and could
 * never get past changes from before its publication.
 *
 * What would break the application's writes is not in the plan but among the findings. Empty if nothing is to be done.
 */
export function plan(config: Config, facts: Facts): Step[] {
  return [
    ...schemaSteps(config, facts),
    ...generatedColumnSteps(config, facts),
    ...identitySteps(config, facts),
    ...publicationSteps(config, facts),
    ...slotSteps(config, facts),
  ];
}

function schemaSteps(config: Config, facts: Facts): Step[] {
  const { url, schema } = config.state;
  if (url !== null || facts.schemas.includes(schema)) return [];
  return [{ kind: 'schema', description: `create the state schema ${identifier(schema)}`, sql: `CREATE SCHEMA ${identifier(schema)}` }];
}

function generatedColumnSteps(config: Config, facts: Facts): Step[] {
  const name = identifier(config.source.publication);
  if (facts.publication?.generatedColumns !== 'none') return [];
  return [
    {
      kind: 'publication',
      description: `publish generated columns in publication ${name}`,
      sql: `ALTER PUBLICATION ${name} SET (publish_generated_columns = stored)`,
    },
  ];
}

function identitySteps(config: Config, facts: Facts): Step[] {
  return watched(config, facts).flatMap(({ table, relation }) => {
    if (!willBeFull(table, relation, facts)) return [];
    // The walsender logs by the identity of the partition that holds the row, and describes rows by that of the root.
    const relations = [...relation.partitions.filter((partition) => partition.kind !== 'foreign table'), { ...table, identity: relation.identity }];
    return relations
      .filter((part) => part.identity.setting !== 'f')
      .map((part): Step => ({
        kind: 'replica_identity',
        description: `let updates and deletes of ${tableName(part)} log the whole old row`,
        sql: `ALTER TABLE ONLY ${qualified(part)} REPLICA IDENTITY FULL`,
      }));
  });
}

function publicationSteps(config: Config, facts: Facts): Step[] {
  const { publication } = facts;
  const name = identifier(config.source.publication);
  const wanted = watched(config, facts)
    .filter(({ table, relation }) => kindObstacle(relation) === null && identityObstacle(table, relation, facts) === null)
    .map(({ table }) => table);
  if (publication === null) return [createPublication(name, wanted, facts)];

  const steps: Step[] = [];
  if (!publishesAll(publication)) {
    steps.push({ kind: 'publication', description: `publish every kind of change in publication ${name}`, sql: `ALTER PUBLICATION ${name} SET (${PUBLISH}, ${VIA_ROOT})` });
  }
  const added = wanted.filter((table) => !isPublished(publication, table));
  if (added.length > 0) {
    steps.push({ kind: 'publication', description: `add ${added.map(tableName).join(', ')} to publication ${name}`, sql: `ALTER PUBLICATION ${name} ADD TABLE ${list(added)}` });
  }
  const dropped = publication.tables.filter((published) => !config.tables.some((table) => table.schema === published.schema && table.table === published.table));
  if (dropped.length > 0) {
    steps.push({ kind: 'publication', description: `drop ${dropped.map(tableName).join(', ')} from publication ${name}`, sql: `ALTER PUBLICATION ${name} DROP TABLE ${list(dropped)}` });
  }
  return steps;
}

const PUBLISH = `publish = 'insert, update, delete, truncate'`;
const VIA_ROOT = 'publish_via_partition_root = true';

function createPublication(name: string, tables: readonly TableConfig[], facts: Facts): Step {
  const options = [PUBLISH, VIA_ROOT, ...(facts.server.version >= GENERATED_COLUMNS ? ['publish_generated_columns = stored'] : [])];
  const members = tables.length === 0 ? '' : ` FOR TABLE ${list(tables)}`;
  return { kind: 'publication', description: `create publication ${name}`, sql: `CREATE PUBLICATION ${name}${members} WITH (${options.join(', ')})` };
}

/** ONLY: tables that inherit are other tables, with identities of their own. */
function list(tables: readonly { readonly schema: string; readonly table: string }[]): string {
  return tables.map((table) => `ONLY ${qualified(table)}`).join(', ');
}

/** Since this version a slot can be kept in step on standbys: server_version_num. */
export const FAILOVER_SLOTS = 170_000;

/** True if its options are walhook's own. */
export function publishesAll({ publishes, viaRoot }: PublicationFacts): boolean {
  return publishes.insert && publishes.update && publishes.delete && publishes.truncate && viaRoot;
}

function slotSteps(config: Config, facts: Facts): Step[] {
  const { slot, failover } = config.source;
  const canFailOver = failover && facts.server.version >= FAILOVER_SLOTS;
  if (facts.slot !== null) {
    // One that is being read cannot be altered: the daemon that takes it over does.
    if (!canFailOver || facts.slot.failover !== false || facts.slot.activePid !== null) return [];
    return [{ kind: 'failover', description: `keep the slot ${identifier(slot)} in step on standbys`, sql: `ALTER_REPLICATION_SLOT ${identifier(slot)} (FAILOVER true)` }];
  }
  const options = canFailOver ? ', temporary => false, twophase => false, failover => true' : '';
  return [
    {
      kind: 'slot',
      description: `create the replication slot ${identifier(slot)}`,
      sql: `SELECT lsn FROM pg_create_logical_replication_slot(${literal(slot)}, 'pgoutput'${options})`,
    },
  ];
}

/** The configured tables that exist, with what they are. */
export function watched(config: Config, facts: Facts): { readonly table: TableConfig; readonly relation: RelationFacts }[] {
  return config.tables.flatMap((table, index) => {
    const relation = facts.tables[index]?.relation;
    return relation ? [{ table, relation }] : [];
  });
}
