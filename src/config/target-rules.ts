import type { Finding } from './problem.ts';
import { keyAt, Mapping, type Node, nodeAt, type Path, Scalar, Sequence, spanAt, textAt } from './tree.ts';

/** Options of an endpoint that make sense for HTTP alone. */
export const OF_HTTP = ['url', 'method', 'oauth2', 'responses', 'batch'];
/** The same of Kafka. */
export const OF_KAFKA = ['brokers', 'topic', 'key', 'sasl'];

/** That an endpoint has what its `type` needs, and nothing that belongs to the other. */
export function targetTypeRules(root: Node, endpoint: Path): Finding[] {
  if (!isMappingOrNothing(nodeAt(root, endpoint))) return [];
  const type = typeOf(root, endpoint);
  if (type === null) return [];
  const isHttp = type === 'http';
  const [needed, foreign] = isHttp ? [['url'], OF_KAFKA] : [['brokers', 'topic'], OF_HTTP];
  const says = isHttp ? 'is of Kafka: it goes with `type: kafka`' : 'is of HTTP, and this endpoint has `type: kafka`: remove it';
  return [
    ...needed.filter((option) => nodeAt(root, [...endpoint, option]) === null).map((option) => keyFinding(root, [...endpoint, option], `required${wanted(root, endpoint, option)}`)),
    ...foreign.filter((option) => nodeAt(root, [...endpoint, option]) !== null).map((option) => keyFinding(root, [...endpoint, option], says)),
    ...(isHttp ? tlsFindings(root, [...endpoint, 'tls']) : []),
  ];
}

/** That what a hook says of its requests can be had of a record. */
export function kafkaHookRules(root: Node, hook: Path): Finding[] {
  const target = kafkaTarget(root, hook);
  if (target === null) return [];
  const elsewhere = 'or send this hook to an endpoint of HTTP';
  const findings = ['method', 'path']
    .filter((option) => nodeAt(root, [...hook, option]) !== null)
    .map((option) => keyFinding(root, [...hook, option], `a record has none (${target} is of Kafka): remove it, ${elsewhere}`));
  const encoding = textAt(root, [...hook, 'encoding']);
  if (encoding !== 'form' && encoding !== 'query') return findings;
  return [...findings, { at: spanAt(root, [...hook, 'encoding']).start, path: [...hook, 'encoding'], message: `a record is JSON (${target} is of Kafka): use json, ${elsewhere}` }];
}

/** A notice has neither a row nor a hook: nothing that an expression could see. */
export function kafkaNoticeFault(root: Node, endpoint: Path): string | null {
  if (nodeAt(root, endpoint) === null || typeOf(root, endpoint) !== 'kafka') return null;
  const option = ['topic', 'key'].find((name) => {
    const node = nodeAt(root, [...endpoint, name]);
    return node instanceof Scalar && node.origin.template;
  });
  return option === undefined ? null : `the endpoint has an expression in \`${option}\`, and a notice has no row: give notices an endpoint of their own`;
}

/** Null: what stands there is refused. */
function typeOf(root: Node, endpoint: Path): 'http' | 'kafka' | null {
  const node = nodeAt(root, [...endpoint, 'type']);
  if (node === null) return 'http';
  return node instanceof Scalar && (node.value === 'http' || node.value === 'kafka') ? node.value : null;
}

function wanted(root: Node, endpoint: Path, option: string): string {
  return option === 'url' && nodeAt(root, [...endpoint, 'type']) === null && nodeAt(root, [...endpoint, 'topic']) !== null ? ': or is `type: kafka` missing?' : '';
}

/** What is neither has been refused for that. */
function isMappingOrNothing(node: Node | null): boolean {
  return node instanceof Mapping || (node instanceof Scalar && node.value === null && node.origin.filled === 'no');
}

function tlsFindings(root: Node, path: Path): Finding[] {
  const node = nodeAt(root, path);
  if (!(node instanceof Scalar) || node.value === null) return [];
  return [{ at: node.span.start, path, message: 'here `https://` in `url` says it: `tls` is a mapping of files' }];
}

/** `endpoint stream`; null if the hook goes to none of Kafka. */
function kafkaTarget(root: Node, hook: Path): string | null {
  const to = nodeAt(root, [...hook, 'to']);
  const targets = to instanceof Sequence ? to.items : to === null ? [] : [to];
  for (const target of targets) {
    if (!(target instanceof Scalar) || typeof target.value !== 'string') continue;
    const endpoint = ['endpoints', target.value];
    if (nodeAt(root, endpoint) === null || typeOf(root, endpoint) !== 'kafka') continue;
    // A name that was filled in is not shown.
    return target.origin.filled === 'no' ? `endpoint ${target.value}` : 'its endpoint';
  }
  return null;
}

function keyFinding(root: Node, path: Path, message: string): Finding {
  return { at: (keyAt(root, path) ?? spanAt(root, path)).start, path, message };
}
