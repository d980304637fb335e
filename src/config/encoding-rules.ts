import type { Finding } from './problem.ts';
import { childrenAt, Mapping, type Node, nodeAt, type Path, Scalar, Sequence, spanAt, textAt } from './tree.ts';

/** Methods whose requests have no body, so that it goes into the URL. */
const BODILESS = new Set(['GET', 'HEAD']);

/** Formats that say how they are written themselves. */
const JSON_FORMATS = new Set(['cloudevents', 'cloudevents-binary', 'debezium']);

/** Whether a hook's body can be written as its `encoding` and `method` have it. */
export function encodingRules(root: Node, hook: Path): Finding[] {
  const encoding = textAt(root, [...hook, 'encoding']);
  const bodiless = bodilessMethod(root, hook);
  if (encoding !== null && encoding !== 'query' && bodiless !== null) {
    return [at(root, [...hook, 'encoding'], `${bodiless} has no body: \`query\` writes it to the URL`)];
  }
  const pairs = encoding === 'form' || encoding === 'query' || (encoding === null && bodiless !== null);
  if (!pairs) return [];
  const name = encoding === 'form' ? 'a form' : 'a query';
  const body = nodeAt(root, [...hook, 'body']);
  if (body !== null) return [...shapeFindings(root, [...hook, 'body'], name), ...keyFindings(root, [...hook, 'body'], name)];
  const format = textAt(root, [...hook, 'format']) ?? '';
  return JSON_FORMATS.has(format) ? [at(root, [...hook, 'format'], `${format} is written as JSON, and cannot be ${name}`)] : [];
}

/** `GET`, or `GET (of endpoint crm)`; null if the method may have a body, or cannot be told yet. */
function bodilessMethod(root: Node, hook: Path): string | null {
  const method = nodeAt(root, [...hook, 'method']);
  if (method !== null) {
    const text = method instanceof Scalar && !method.origin.template ? method.value : null;
    return typeof text === 'string' && BODILESS.has(text) ? text : null;
  }
  const to = nodeAt(root, [...hook, 'to']);
  const targets = to instanceof Sequence ? to.items : to === null ? [] : [to];
  for (const target of targets) {
    const name = target instanceof Scalar && typeof target.value === 'string' ? target.value : '';
    const text = textAt(root, ['endpoints', name, 'method']);
    // A name that was filled in is not shown.
    const shown = target instanceof Scalar && target.origin.filled === 'no' ? ` (of endpoint ${name})` : '';
    if (text !== null && BODILESS.has(text)) return `${text}${shown}`;
  }
  return null;
}

function shapeFindings(root: Node, path: Path, name: string): Finding[] {
  const body = nodeAt(root, path);
  if (body instanceof Sequence) return [at(root, path, `${name} is pairs of names and values: the body must be a mapping`)];
  if (!(body instanceof Scalar) || body.value === null || body.origin.filled === 'failed') return [];
  // What an expression gives, `check` sees to.
  const alone = body.origin.parts.filter((part) => typeof part !== 'string' || part.trim() !== '');
  const isExpression = alone.length === 1 && typeof alone[0] === 'object';
  return isExpression ? [] : [at(root, path, `${name} is pairs of names and values: the body must be a mapping`)];
}

/** Brackets tell how values nest: a name that has some of its own, or none at all, would be read as another. */
function keyFindings(root: Node, path: Path, name: string): Finding[] {
  return childrenAt(root, path).flatMap((child) => {
    const key = child.at(-1);
    const parent = nodeAt(root, path);
    const inner = keyFindings(root, child, name);
    if (typeof key !== 'string' || !(parent instanceof Mapping)) return inner;
    const fault = key === '' ? `${name} has no place for an empty name` : /[[\]]/.test(key) ? `in ${name} a name has no [ or ]: they tell how values nest` : null;
    return fault === null ? inner : [{ at: parent.entries.get(key)?.key.start ?? parent.span.start, path: child, message: fault }, ...inner];
  });
}

function at(root: Node, path: Path, message: string): Finding {
  return { at: spanAt(root, path).start, path, message };
}
