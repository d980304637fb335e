import type { Expression } from '../template.ts';

/** Where something stands in the file's text: offsets in UTF-16 units, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type Path = readonly (string | number)[];

/** What a scalar holds. */
export type ScalarValue = string | number | boolean | null;

/** An expression in a scalar. */
export interface PlacedExpression extends Expression {
  /** Offset of its source in the scalar's `written`. */
  readonly at: number;
}

export interface Origin {
  /** The scalar as the file writes it, without quotes and escapes: a number's own digits, text before anything is filled in. */
  readonly written: string;
  /** `no`: as written. `yes`: filled in from outside, so that its text may be a secret. `failed`: could not be filled in, which has been reported. */
  readonly filled: 'no' | 'yes' | 'failed';
  /** True if a `${{ … }}` is in it. */
  readonly template: boolean;
  /** Of text: its pieces, filled in, and the expressions among them. */
  readonly parts: readonly (string | PlacedExpression)[];
}

/** One value of the file, its variables filled in, with the place where it is written. */
export class Scalar {
  readonly span: Span;
  readonly value: ScalarValue;
  readonly origin: Origin;

  constructor(span: Span, value: ScalarValue, origin: Origin) {
    this.span = span;
    this.value = value;
    this.origin = origin;
  }
}

export interface Entry {
  readonly key: Span;
  readonly value: Node;
}

export class Mapping {
  readonly span: Span;
  readonly entries: ReadonlyMap<string, Entry>;

  constructor(span: Span, entries: ReadonlyMap<string, Entry>) {
    this.span = span;
    this.entries = entries;
  }
}

export class Sequence {
  readonly span: Span;
  readonly items: readonly Node[];

  constructor(span: Span, items: readonly Node[]) {
    this.span = span;
    this.items = items;
  }
}

export type Node = Scalar | Mapping | Sequence;

/** The node at a path, or null if the file has none there. */
export function nodeAt(root: Node, path: Path): Node | null {
  let node: Node = root;
  for (const step of path) {
    const next: Node | undefined =
      node instanceof Mapping && typeof step === 'string'
        ? node.entries.get(step)?.value
        : node instanceof Sequence && typeof step === 'number'
          ? node.items[step]
          : undefined;
    if (next === undefined) return null;
    node = next;
  }
  return node;
}

/** The text at a path, filled in, or null if there is none. */
export function textAt(root: Node, path: Path): string | null {
  const node = nodeAt(root, path);
  return node instanceof Scalar && typeof node.value === 'string' ? node.value : null;
}

/** Paths of the entries or items of the node at a path; none if it has none. */
export function childrenAt(root: Node, path: Path): Path[] {
  const node = nodeAt(root, path);
  const steps = node instanceof Mapping ? node.entries.keys() : node instanceof Sequence ? node.items.keys() : [];
  const children: Path[] = [];
  for (const step of steps) children.push([...path, step]);
  return children;
}

/** The key that a path ends with, or null if the file has none there. */
export function keyAt(root: Node, path: Path): Span | null {
  const parent = nodeAt(root, path.slice(0, -1));
  const key = path.at(-1);
  return parent instanceof Mapping && typeof key === 'string' ? (parent.entries.get(key)?.key ?? null) : null;
}

/** Where to point for a path: its value, or the nearest thing around it that the file has. */
export function spanAt(root: Node, path: Path): Span {
  const node = nodeAt(root, path);
  if (node !== null) return node instanceof Mapping ? (keyAt(root, path) ?? node.span) : node.span;
  const parent = path.slice(0, -1);
  return keyAt(root, parent) ?? (path.length === 0 ? root.span : spanAt(root, parent));
}

/** `endpoints.crm.headers["a b"]`, `hooks[0].to`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else if (/^[\w-]+$/.test(step)) text += text === '' ? step : `.${step}`;
    else text += `[${JSON.stringify(step)}]`;
  }
  return text;
}
