import { expected, NO_EXPRESSION, type Reading } from './kinds.ts';
import { Mapping, type Node, Scalar, Sequence } from './tree.ts';

/** JSON text of a value of the file, numbers with the digits they are written with. */
export function constant(node: unknown): Reading<string> {
  return node instanceof Scalar || node instanceof Mapping || node instanceof Sequence ? json(node) : { refused: expected('a value', node) };
}

function json(node: Node): Reading<string> {
  if (node instanceof Scalar) return scalarJson(node);
  const parts: string[] = [];
  for (const { step, lead, child } of childrenOf(node)) {
    const reading = json(child);
    if ('refused' in reading) return { ...reading, path: [step, ...(reading.path ?? [])] };
    parts.push(lead + reading.value);
  }
  return { value: node instanceof Mapping ? `{${parts.join(',')}}` : `[${parts.join(',')}]` };
}

interface Child {
  readonly step: string | number;
  /** What stands before it in JSON. */
  readonly lead: string;
  readonly child: Node;
}

function childrenOf(node: Mapping | Sequence): Child[] {
  return node instanceof Mapping
    ? [...node.entries].map(([step, { value }]) => ({ step, lead: `${JSON.stringify(step)}:`, child: value }))
    : node.items.map((child, step) => ({ step, lead: '', child }));
}

/** JSON text of one scalar. */
export function scalarJson({ value, origin }: Scalar): Reading<string> {
  if (origin.template) return { refused: NO_EXPRESSION };
  if (typeof value !== 'number') return { value: JSON.stringify(value) };
  // A JSON number as it stands keeps digits that a double would lose; 0x10 and 1_0 are YAML's alone.
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(origin.written)) return { value: origin.written };
  return Number.isFinite(value) ? { value: JSON.stringify(value) } : { refused: 'JSON has no infinite numbers, nor NaN' };
}
