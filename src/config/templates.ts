import type { Expression, Template } from '../template.ts';
import { scalarJson } from './constant.ts';
import { expected, type Reading, type Refusal } from './kinds.ts';
import { textTemplate } from './text-template.ts';
import { Mapping, type Node, Scalar, Sequence } from './tree.ts';

/**
 * `body`: any structure of YAML, with expressions in `${{ }}` at its leaves.
 * Faults in their syntax are reported by `expression-rules.ts`, which can point into them.
 */
export function bodyTemplate(node: unknown): Reading<Template> {
  if (!(node instanceof Scalar || node instanceof Mapping || node instanceof Sequence)) return { refused: expected('a body', node) };
  if (node instanceof Scalar && node.value === null) return { refused: 'the body is empty: without this line, `format` says what is sent' };
  return template(node);
}

function template(node: Node): Reading<Template> {
  if (node instanceof Scalar) return leaf(node);
  if (node instanceof Sequence) {
    const items: Template[] = [];
    for (const [index, item] of node.items.entries()) {
      const reading = template(item);
      if ('refused' in reading) return within(index, reading);
      items.push(reading.value);
    }
    return { value: { kind: 'list', items } };
  }
  const entries: (readonly [string, Template])[] = [];
  for (const [name, { value }] of node.entries) {
    const reading = template(value);
    if ('refused' in reading) return within(name, reading);
    entries.push([name, reading.value]);
  }
  return { value: { kind: 'map', entries } };
}

function within(step: string | number, { refused, path = [] }: Refusal): Refusal {
  return { refused, path: [step, ...path] };
}

function leaf(node: Scalar): Reading<Template> {
  if (!node.origin.template) {
    const json = scalarJson(node);
    return 'refused' in json ? json : { value: { kind: 'constant', json: json.value } };
  }
  const parts = textTemplate(node.origin.parts);
  const [only, ...others] = parts.filter((part) => !isLineBreak(part));
  if (typeof only === 'object' && others.length === 0) return { value: { kind: 'expression', expression: only } };
  return { value: { kind: 'text', parts } };
}

/** A block scalar ends with a line break that nobody means. */
function isLineBreak(part: string | Expression): boolean {
  return typeof part === 'string' && /^[\r\n]+$/.test(part);
}
