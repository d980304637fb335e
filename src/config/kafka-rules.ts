import { brokerList } from './kafka-names.ts';
import type { Finding } from './problem.ts';
import { childrenAt, keyAt, type Node, nodeAt, type Path, Scalar, Sequence, spanAt, textAt } from './tree.ts';

const SOURCE = ['source', 'kafka'];
const ENGINE = ['engine', 'kafka'];

/** What `source.kafka` and `engine` say about the rest of the file. */
export function kafkaRules(root: Node): Finding[] {
  return [...(nodeAt(root, SOURCE) === null ? [] : [...stateRules(root), ...slotRules(root), ...lookupRules(root)]), ...loopRules(root)];
}

/** There is no database but those that the file names. */
function stateRules(root: Node): Finding[] {
  if (isGiven(root, ['state', 'url'])) return [];
  const at = nodeAt(root, ['state', 'url']) === null ? keyAt(root, SOURCE) : keyAt(root, ['state', 'url']);
  return [{ at: (at ?? spanAt(root, SOURCE)).start, path: ['state', 'url'], message: 'required, because the source is Kafka: what is parked and dead is kept in a Postgres' }];
}

/** What only a database, its WAL or a slot can do. */
function slotRules(root: Node): Finding[] {
  const refused = (paths: readonly Path[], why: string): Finding[] => paths.filter((path) => nodeAt(root, path) !== null).map((path) => keyFinding(root, path, `${why}: remove it, or \`source.kafka\``));
  const hooks = childrenAt(root, ['hooks']);
  return [
    ...refused(['slot', 'publication', 'manage', 'failover'].map((option) => ['source', option]), 'is of a database, and the source is Kafka'),
    // Debezium's records have the row before as the table's identity says, and nothing else says it.
    ...(textAt(root, [...SOURCE, 'format']) === 'debezium' ? [] : refused(childrenAt(root, ['tables']).map((table) => [...table, 'replica_identity']), 'is of a database, and the source is Kafka')),
    ...refused(hooks.map((hook) => [...hook, 'backfill']), 'rows that are there already are read from a database, and the source is Kafka'),
    ...refused(hooks.map((hook) => [...hook, 'schedule']), 'rows that were held are read again from a database, and the source is Kafka'),
    ...refused([['tracing', 'message']], 'logical messages are in the WAL, and the source is Kafka'),
    ...refused([['notify', 'wal']], 'there is no WAL to run out, for the source is Kafka'),
  ];
}

/** `PG*` variables say where to tail: with Kafka nobody means them. */
function lookupRules(root: Node): Finding[] {
  if (isGiven(root, ['source', 'url'])) return [];
  return childrenAt(root, ['hooks'])
    .map((hook) => [...hook, 'enrich'])
    .filter((enrich) => childrenAt(root, enrich).length > 0)
    .map((enrich) => keyFinding(root, enrich, 'needs `source.url`, the database that is asked: the source is Kafka'));
}

/** A topic that is written to while it is read has no end. */
function loopRules(root: Node): Finding[] {
  const engine = nodeAt(root, ENGINE) === null ? null : { name: textAt(root, [...ENGINE, 'topic']) ?? 'walhook', of: ENGINE };
  const sources = itemsAt(root, [...SOURCE, 'topics']);
  const findings = engine === null ? [] : sources.filter((path) => textAt(root, path) === engine.name && isShared(root, SOURCE, ENGINE)).map((path) => finding(root, path, 'is the topic of `engine`, whose records are deliveries'));
  for (const endpoint of childrenAt(root, ['endpoints'])) {
    const path = [...endpoint, 'topic'];
    const name = textAt(root, path);
    if (name === null || textAt(root, [...endpoint, 'type']) !== 'kafka') continue;
    if (engine?.name === name && isShared(root, endpoint, ENGINE)) findings.push(finding(root, path, 'is the topic of `engine`, which belongs to it alone'));
    if (sources.some((source) => textAt(root, source) === name) && isShared(root, endpoint, SOURCE)) findings.push(finding(root, path, 'is a topic of `source.kafka`: what is sent would be read again, without end'));
  }
  return findings;
}

/** Two that name one broker are in one cluster; others may be, which nobody can tell here. */
function isShared(root: Node, one: Path, other: Path): boolean {
  const brokers = new Set(brokersAt(root, one));
  return brokersAt(root, other).some((broker) => brokers.has(broker));
}

function brokersAt(root: Node, of: Path): readonly string[] {
  return itemsAt(root, [...of, 'brokers']).flatMap((path) => {
    const reading = brokerList(textAt(root, path) ?? '');
    return 'value' in reading ? reading.value : [];
  });
}

/** Where the items of a list stand; of one that is a lone scalar, that. */
function itemsAt(root: Node, path: Path): readonly Path[] {
  return nodeAt(root, path) instanceof Sequence ? childrenAt(root, path) : [path];
}

function isGiven(root: Node, path: Path): boolean {
  const node = nodeAt(root, path);
  return node !== null && !(node instanceof Scalar && (node.value === '' || (node.value === null && node.origin.filled === 'no')));
}

function finding(root: Node, path: Path, message: string): Finding {
  return { at: spanAt(root, path).start, path, message };
}

function keyFinding(root: Node, path: Path, message: string): Finding {
  return { at: (keyAt(root, path) ?? spanAt(root, path)).start, path, message };
}
