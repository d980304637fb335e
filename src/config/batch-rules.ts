import type { Finding } from './problem.ts';
import { type Node, nodeAt, type Path, Scalar, Sequence, spanAt, textAt } from './tree.ts';

/** Methods whose requests have no body. */
const BODILESS = new Set(['GET', 'HEAD']);

/** That an endpoint with `batch` sends bodies. */
export function batchEndpointRules(root: Node, endpoint: Path): Finding[] {
  const method = textAt(root, [...endpoint, 'method']);
  if (nodeAt(root, [...endpoint, 'batch']) === null || method === null || !BODILESS.has(method)) return [];
  return [at(root, [...endpoint, 'method'], `\`batch\` sends a body, and ${method} has none: use another method, or remove \`batch\``)];
}

/** That what a hook sends to an endpoint with `batch` can be one of several in a JSON array. */
export function batchHookRules(root: Node, hook: Path): Finding[] {
  const batch = batchOf(root, hook);
  if (batch === null) return [];
  const findings: Finding[] = [];
  const elsewhere = 'or send this hook to an endpoint without `batch`';
  const encoding = textAt(root, [...hook, 'encoding']);
  if (encoding === 'form' || encoding === 'query') {
    findings.push(at(root, [...hook, 'encoding'], `${batch} is a JSON array, which ${encoding} cannot be part of: use json, ${elsewhere}`));
  }
  const method = literalAt(root, [...hook, 'method']);
  if (method !== null && BODILESS.has(method)) {
    findings.push(at(root, [...hook, 'method'], `${batch} is a body, and ${method} has none: use another method, ${elsewhere}`));
  }
  if (nodeAt(root, [...hook, 'body']) === null && textAt(root, [...hook, 'format']) === 'cloudevents-binary') {
    findings.push(at(root, [...hook, 'format'], `${batch} has one set of headers, and cloudevents-binary needs one for each event: use cloudevents, ${elsewhere}`));
  }
  return findings;
}

/** `a batch (of endpoint crm)`; null if the hook goes to no endpoint that has them. */
function batchOf(root: Node, hook: Path): string | null {
  const to = nodeAt(root, [...hook, 'to']);
  const targets = to instanceof Sequence ? to.items : to === null ? [] : [to];
  for (const target of targets) {
    if (!(target instanceof Scalar) || typeof target.value !== 'string' || target.value === '') continue;
    if (nodeAt(root, ['endpoints', target.value, 'batch']) === null) continue;
    // A name that was filled in is not shown.
    return target.origin.filled === 'no' ? `a batch (of endpoint ${target.value})` : 'a batch';
  }
  return null;
}

/** The text at a path if it has no expression. */
function literalAt(root: Node, path: Path): string | null {
  const node = nodeAt(root, path);
  return node instanceof Scalar && !node.origin.template && typeof node.value === 'string' ? node.value : null;
}

function at(root: Node, path: Path, message: string): Finding {
  return { at: spanAt(root, path).start, path, message };
}
