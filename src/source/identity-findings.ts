import type { Config, TableConfig } from '../config.ts';
import { error, type Finding, info, managed, warning } from '../finding.ts';
import type { Facts, RelationFacts } from './facts.ts';
import { watched } from './plan.ts';
import { generatedFindings } from './publication-findings.ts';
import { fullObstacle, identityObstacle, isPublished, kindObstacle, mayBeFull, plannedIdentity, willBeFull } from './publishable.ts';
import { qualified, tableName } from './quote.ts';
import { tablePath } from './table-findings.ts';

/** Replica identities that are not what the config wants, or that make the application's own writes fail. */
export function identityFindings(config: Config, facts: Facts): Finding[] {
  return [
    ...watched(config, facts).flatMap(({ table, relation }) =>
      kindObstacle(relation) === null ? [...ofTable(config, facts, { table, relation })] : [],
    ),
    ...generatedFindings(config, facts),
  ];
}

function ofTable(config: Config, facts: Facts, { table, relation }: { readonly table: TableConfig; readonly relation: RelationFacts }): Finding[] {
  const path = tablePath(table);
  const name = tableName(table);
  const found: Finding[] = [];
  if (mayBeFull(table)) {
    const obstacle = fullObstacle(relation, facts);
    if (obstacle !== null) {
      found.push(error({ code: obstacle.code, message: `table ${name} cannot have REPLICA IDENTITY FULL: ${obstacle.message}`, fix: obstacle.fix, path: `${path}.replica_identity` }));
    }
  }
  const parts = [{ ...table, identity: relation.identity }, ...relation.partitions.filter((partition) => partition.leaf && partition.kind !== 'foreign table')];
  for (const part of willBeFull(table, relation, facts) ? parts.filter(({ identity }) => identity.setting !== 'f') : []) {
    found.push(
      managed(config.source.manage, {
        code: 'replica_identity',
        message: `table ${tableName(part)} does not have REPLICA IDENTITY FULL yet`,
        fix: `ALTER TABLE ONLY ${qualified(part)} REPLICA IDENTITY FULL;`,
        path: `${path}.replica_identity`,
      }),
    );
  }
  const obstacle = identityObstacle(table, relation, facts);
  if (obstacle !== null && !found.some((finding) => finding.code === obstacle.code)) {
    const already = isPublished(facts.publication, table) ? 'it is published already, so they fail now' : 'walhook does not publish it';
    found.push(error({ code: obstacle.code, message: `table ${name} cannot be published: ${obstacle.message} (${already})`, fix: obstacle.fix, path }));
  }
  return [...found, ...futurePartitionFindings(table, relation), ...toastFindings(table, relation, facts)];
}

/** A new partition starts with its own primary key as its identity, whatever its root has. */
function futurePartitionFindings(table: TableConfig, relation: RelationFacts): Finding[] {
  if (relation.kind !== 'partitioned table') return [];
  const full = mayBeFull(table) || relation.identity.setting === 'f';
  if (relation.primaryKey === null) {
    return [
      warning({
        code: 'future_partition',
        message: `a partition that is added to ${tableName(table)} has no replica identity, and refuses every UPDATE and DELETE until it is given one`,
        fix: `ALTER TABLE <partition> REPLICA IDENTITY FULL;  -- in the transaction that adds it, or a primary key on ${qualified(table)}`,
        path: tablePath(table),
      }),
    ];
  }
  if (!full) return [];
  return [
    info({
      code: 'future_partition',
      message: `a partition that is added to ${tableName(table)} logs only keys of old rows until it has REPLICA IDENTITY FULL`,
      fix: 'ALTER TABLE <partition> REPLICA IDENTITY FULL;  -- in the transaction that adds it, or walhook setup afterwards',
      path: tablePath(table),
    }),
  ];
}

function toastFindings(table: TableConfig, relation: RelationFacts, facts: Facts): Finding[] {
  if (plannedIdentity(table, relation, facts).setting === 'f') return [];
  const large = relation.columns.filter((column) => column.toastable).map((column) => column.name);
  if (large.length === 0) return [];
  return [
    info({
      code: 'unchanged_toast',
      message: `an update of ${tableName(table)} that leaves a large value alone does not carry it: such a column is left out and named in meta.unchanged (${large.join(', ')})`,
      fix: 'replica_identity: full',
      path: tablePath(table),
    }),
  ];
}
