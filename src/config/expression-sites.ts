import { offsetInScalar } from './scalar-offset.ts';
import { Mapping, type Node, nodeAt, type Path, Scalar } from './tree.ts';

/** An expression of a hook or an endpoint, and where it stands. */
export interface ExpressionSite {
  /** Of the scalar that it is in. */
  readonly path: Path;
  readonly source: string;
  /** A part of it was filled in: neither its text nor a place within it may be told. */
  readonly filled: boolean;
  /** Offset in the file of the character at an offset of the source. */
  readonly placeOf: (offset: number) => number;
}

/** Options of a hook that may have `${{ }}` in them. */
const TEMPLATES = ['body', 'method', 'path', 'headers'];

/** Options of an endpoint that may. */
const TEMPLATES_OF_ENDPOINT = ['topic', 'key'];

/** The hook's `when`; none if it is not given, or is no text. */
export function whenSites(root: Node, hook: Path, text: string): ExpressionSite[] {
  const path = [...hook, 'when'];
  const node = nodeAt(root, path);
  if (!(node instanceof Scalar) || typeof node.value !== 'string' || node.value.trim() === '' || node.origin.template) return [];
  const filled = node.origin.filled === 'yes';
  return [{ path, source: node.value, filled, placeOf: (offset) => (filled ? node.span.start : placeIn(node, text, offset)) }];
}

/** What is in `${{ }}` in a hook, but for `enrich`. */
export function templateSites(root: Node, hook: Path, text: string): ExpressionSite[] {
  return TEMPLATES.flatMap((option) => sitesBelow(nodeAt(root, [...hook, option]), [...hook, option], text));
}

/** What is in `${{ }}` in an endpoint. */
export function endpointSites(root: Node, endpoint: Path, text: string): ExpressionSite[] {
  return TEMPLATES_OF_ENDPOINT.flatMap((option) => sitesBelow(nodeAt(root, [...endpoint, option]), [...endpoint, option], text));
}

/** What is in `${{ }}` in the SQL of one lookup. */
export function enrichSites(root: Node, lookup: Path, text: string): ExpressionSite[] {
  const path = sqlPath(root, lookup);
  return sitesBelow(nodeAt(root, path), path, text);
}

/** Where the SQL of a lookup stands: it may be all that is said of it. */
export function sqlPath(root: Node, lookup: Path): Path {
  return nodeAt(root, lookup) instanceof Mapping ? [...lookup, 'sql'] : lookup;
}

function sitesBelow(node: Node | null, path: Path, text: string): ExpressionSite[] {
  // What is wrong with one that could not be filled in has been told.
  if (node === null || (node instanceof Scalar && node.origin.filled === 'failed')) return [];
  if (node instanceof Scalar) {
    return node.origin.parts.flatMap((part) =>
      typeof part === 'string' ? [] : [{ path, source: part.source, filled: false, placeOf: (offset: number) => placeIn(node, text, part.at + offset) }],
    );
  }
  const children: (readonly [string | number, Node])[] = node instanceof Mapping ? [...node.entries].map(([key, { value }]) => [key, value]) : [...node.items.entries()];
  return children.flatMap(([step, child]) => sitesBelow(child, [...path, step], text));
}

/** Offset in the file of the character at an offset of what a scalar has written. */
export function placeIn({ span, origin }: Scalar, text: string, offset: number): number {
  return span.start + offsetInScalar(text.slice(span.start, span.end), origin.written, offset);
}
