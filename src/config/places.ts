import type { Expression } from '../template.ts';
import { placeIn, sqlPath, whenSites } from './expression-sites.ts';
import { locate } from './locate.ts';
import { parse } from './parse.ts';
import { excerpt } from './problem.ts';
import { type InPiece, placeInPiece } from './sql-rules.ts';
import { childrenAt, type Node, nodeAt, type PlacedExpression, Scalar } from './tree.ts';

/** Where an expression stands: in `when` of the hook with this index, or in `${{ }}`. */
export type Whereabouts = { readonly when: number } | Expression;

/** A piece of the SQL of a lookup. */
export interface SqlWhereabouts extends InPiece {
  /** Index of the hook. */
  readonly hook: number;
  readonly lookup: string;
}

/**
 * Shows places of a file that has been loaded, for what is found out about it later. Each is `walhook.yaml:8:5`, the line
 * with its secrets masked, and a caret below.
 */
export class Places {
  readonly #file: string;
  readonly #text: string;
  readonly #root: Node | null;
  /** The expressions in `${{ }}`, by line and column. */
  readonly #expressions = new Map<string, { readonly node: Scalar; readonly part: PlacedExpression }>();

  /** @param root default: what the text says, in which it is of no matter what variables hold */
  constructor(file: string, text: string, root: Node | null = parse(text, { env: {}, readFile: () => '' }).root) {
    this.#file = file;
    this.#text = text;
    this.#root = root;
    if (this.#root !== null) this.#collect(this.#root);
  }

  /** A character of an expression; of one that was filled in, its beginning. */
  expression(where: Whereabouts, offset: number): string {
    const at = this.#offset(where, offset);
    return at === null ? '' : this.#show(at);
  }

  /** The same, 1-based. Null if there is no such expression. */
  at(where: Whereabouts, offset: number): { readonly line: number; readonly column: number } | null {
    const at = this.#offset(where, offset);
    return at === null ? null : (locate(this.#text, this.#root, [{ at, path: [], message: '' }])[0] ?? null);
  }

  /** The line on which a test of `tests` begins, 1-based; null if the file has none of this index. */
  testLine(index: number): number | null {
    const node = this.#root === null ? null : nodeAt(this.#root, ['tests', index]);
    return node === null ? null : (locate(this.#text, null, [{ at: node.span.start, path: [], message: '' }])[0]?.line ?? null);
  }

  /** True if a variable stands in the expression: then nothing of it may be told. */
  isFilled(where: Whereabouts): boolean {
    return 'when' in where && this.#root !== null && hasVariable(nodeAt(this.#root, ['hooks', where.when, 'when']));
  }

  /** A character of a lookup's SQL; of SQL that was filled in, its beginning. */
  sql({ hook, lookup, ...piece }: SqlWhereabouts): string {
    const node = this.#sqlNode(hook, lookup);
    return node === null ? '' : this.#show(placeInPiece(node, this.#text, piece));
  }

  /** True if a variable stands in the SQL. */
  isFilledSql(hook: number, lookup: string): boolean {
    return hasVariable(this.#sqlNode(hook, lookup));
  }

  #offset(where: Whereabouts, offset: number): number | null {
    if ('when' in where) return this.#when(where.when, offset);
    const found = this.#expressions.get(key(where));
    return found === undefined ? null : placeIn(found.node, this.#text, found.part.at + offset);
  }

  #when(hook: number, offset: number): number | null {
    if (this.#root === null) return null;
    const node = nodeAt(this.#root, ['hooks', hook, 'when']);
    if (node !== null && hasVariable(node)) return node.span.start;
    const [site] = whenSites(this.#root, ['hooks', hook], this.#text);
    return site === undefined ? null : site.placeOf(offset);
  }

  #sqlNode(hook: number, lookup: string): Scalar | null {
    if (this.#root === null) return null;
    const node = nodeAt(this.#root, sqlPath(this.#root, ['hooks', hook, 'enrich', lookup]));
    return node instanceof Scalar ? node : null;
  }

  #collect(node: Node): void {
    if (!(node instanceof Scalar)) {
      for (const path of childrenAt(node, [])) {
        const child = nodeAt(node, path);
        if (child !== null) this.#collect(child);
      }
      return;
    }
    for (const part of node.origin.parts) if (typeof part === 'object') this.#expressions.set(key(part), { node, part });
  }

  #show(at: number): string {
    const [place] = locate(this.#text, this.#root, [{ at, path: [], message: '' }]);
    return place === undefined ? '' : `${this.#file}:${place.line}:${place.column}\n${excerpt(place)}`;
  }
}

function key({ line, column }: Expression): string {
  return `${line}:${column}`;
}

function hasVariable(node: Node | null): boolean {
  return node instanceof Scalar && node.origin.filled !== 'no';
}
