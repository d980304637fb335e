import type { Config } from '../config.ts';
import type { Facts, RelationFacts } from '../source/facts.ts';
import { mayBeFull } from '../source/publishable.ts';
import { identifier, literal, qualified, tableName } from '../source/quote.ts';
import { watched } from '../source/plan.ts';
import type { StateSchemaFacts } from './uninstall-state.ts';
import { countOf } from './units.ts';
import { groupCommand } from './with-source.ts';

/** One thing to take away. */
export interface RemovalStep {
  readonly kind: 'slot' | 'publication' | 'replica_identity' | 'schema' | 'kafka';
  /** As in `drop publication "walhook"`. */
  readonly description: string;
  /** One statement, without its semicolon; of `kafka` a command. */
  readonly sql: string;
}

/** What stays, and why. */
export interface LeftStep extends RemovalStep {
  readonly reason: string;
}

export interface RemovalPlan {
  /** In their order: what keeps WAL first, what knows the position last. */
  readonly steps: readonly RemovalStep[];
  readonly left: readonly LeftStep[];
}

export interface RemovalOptions {
  readonly keepState: boolean;
  readonly resetIdentity: boolean;
}

/**
 * What `uninstall` takes away of what is there. Empty if nothing is.
 * @param facts of the source database; null: the source is Kafka
 */
export function removalPlan(config: Config, { facts, state }: { readonly facts: Facts | null; readonly state: StateSchemaFacts | null }, options: RemovalOptions): RemovalPlan {
  const inSource = facts === null ? [] : [slotPart(config, facts), publicationPart(config, facts), ...identityParts(config, facts, options)];
  const parts = [...inSource, schemaPart(config, state, options), ...kafkaParts(config)].filter((part) => part !== null);
  return {
    steps: parts.flatMap(({ reason, ...step }) => (reason === null ? [step] : [])),
    left: parts.flatMap(({ reason, ...step }) => (reason === null ? [] : [{ ...step, reason }])),
  };
}

type Part = RemovalStep & { readonly reason: string | null };

function slotPart(config: Config, { slot, server }: Facts): Part | null {
  if (slot === null) return null;
  const name = config.source.slot;
  const reason = slot.database === null ? 'it is a physical slot, which is not of walhook' : slot.database === server.database ? null : `it belongs to database ${slot.database}`;
  return { kind: 'slot', description: `drop replication slot ${identifier(name)}, so that no WAL is kept for it`, sql: `SELECT pg_catalog.pg_drop_replication_slot(${literal(name).trim()})`, reason };
}

function publicationPart(config: Config, { publication }: Facts): Part | null {
  if (publication === null) return null;
  const name = identifier(config.source.publication);
  return { kind: 'publication', description: `drop publication ${name}`, sql: `DROP PUBLICATION ${name}`, reason: null };
}

/** Whether walhook set it nobody knows: it stays unless somebody says otherwise. */
function identityParts(config: Config, facts: Facts, { resetIdentity }: RemovalOptions): Part[] {
  return watched(config, facts).filter(({ table }) => mayBeFull(table)).flatMap(({ table, relation }) => {
    const relations = [...relation.partitions.filter((partition) => partition.kind !== 'foreign table'), { ...table, identity: relation.identity }];
    const reason = needed(relation) ?? (resetIdentity ? null : 'walhook may not have set it; --reset-identity sets it back');
    return relations
      .filter(({ identity }) => identity.setting === 'f')
      .map((part): Part => ({ kind: 'replica_identity', description: `set the replica identity of ${tableName(part)} back from FULL`, sql: `ALTER TABLE ONLY ${qualified(part)} REPLICA IDENTITY DEFAULT`, reason }));
  });
}

/** Without an identity a table that others publish refuses every UPDATE and DELETE. */
function needed({ otherPublications, primaryKey }: RelationFacts): string | null {
  const others = otherPublications.filter(({ needsIdentity }) => needsIdentity).map(({ name }) => name);
  if (others.length === 0) return null;
  const whole = primaryKey === null ? 'which could not be updated any more without it' : 'whose subscribers may rely on whole old rows';
  return `the table is in ${others.length === 1 ? 'publication' : 'publications'} ${others.join(', ')} too, ${whole}`;
}

function schemaPart(config: Config, state: StateSchemaFacts | null, { keepState }: RemovalOptions): Part | null {
  if (state === null) return null;
  const name = identifier(config.state.schema);
  const others = state.otherSlots;
  const reason = keepState
    ? '--keep-state'
    : !state.isWalhooks
      ? 'it has no tables of walhook'
      : others.length > 0
        ? `it has the state of ${others.length === 1 ? 'slot' : 'slots'} ${others.join(', ')} too`
        : null;
  return { kind: 'schema', description: `drop the state schema ${name}${config.state.url === null ? '' : ' in the database of state.url'}`, sql: `DROP SCHEMA ${name} CASCADE`, reason };
}

/** What is in Kafka is left to who looks after it: what a topic has, others may read too. */
function kafkaParts({ engine, source }: Config): Part[] {
  const reason = 'it is Kafka’s';
  const part = (description: string, sql: string): Part => ({ kind: 'kafka', description, sql, reason });
  const group = (of: { readonly brokers: readonly string[]; readonly group: string }): Part => part(`delete consumer group ${of.group}, which knows how far its topics were read`, groupCommand(of, '--delete'));
  if (engine === null) return source.kafka === null ? [] : [group(source.kafka)];
  const { brokers, topic } = engine.kafka;
  const topicPart = part(`delete topic ${topic}, with what no worker has delivered yet`, `kafka-topics.sh --bootstrap-server ${brokers[0] ?? ''} --delete --topic ${topic}`);
  return [group(engine.kafka), topicPart, ...(source.kafka === null ? [] : [group(source.kafka)])];
}

/** What goes with the schema, as a sentence; null if nothing is lost. */
export function lossSentence({ parked, held, dead }: Pick<StateSchemaFacts, 'parked' | 'held' | 'dead'>): string | null {
  const parts = [
    ...(parked === 0 ? [] : [`${countOf(parked, 'parked delivery', 'parked deliveries')}, not sent yet`]),
    ...(held === 0 ? [] : [`${countOf(held, 'event', 'events')} held for a schedule`]),
    ...(dead === 0 ? [] : [countOf(dead, 'dead letter', 'dead letters')]),
  ];
  return parts.length === 0 ? null : `this loses for good: ${parts.join('; ')}`;
}
