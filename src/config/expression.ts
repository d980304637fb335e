import { type ASTNode, ParseError, parse } from '@marcbachmann/cel-js';
import { expected, type Reading } from './kinds.ts';
import { Scalar } from './tree.ts';

/** Something in an expression that is to be pointed at. */
export interface ExpressionFault {
  readonly message: string;
  /** Offset in the expression. */
  readonly at: number;
}

/** A name in an expression: a variable, or what `enrich` looked up. */
export interface UsedName {
  readonly name: string;
  /** Offset in the expression. */
  readonly at: number;
  /** What of it is asked for by a name that is written out: `org.name`, `org['name']`. */
  readonly field: { readonly name: string; readonly at: number } | null;
}

export interface ReadExpression {
  /** What is wrong with the syntax; null: nothing. Names and types are checked against the table by `walhook check`. */
  readonly fault: ExpressionFault | null;
  /** The names it uses, those that it binds itself included. */
  readonly names: readonly UsedName[];
}

export function readExpression(text: string): ReadExpression {
  if (text === '') return { fault: { message: 'the expression is empty', at: 0 }, names: [] };
  try {
    return { fault: null, names: namesIn(parse(text).ast) };
  } catch (error) {
    return { fault: faultOf(text, error), names: [] };
  }
}

function faultOf(text: string, error: unknown): ExpressionFault {
  if (!(error instanceof ParseError)) return { message: 'not a CEL expression', at: 0 };
  const { start, end } = error.range ?? { start: 0, end: 0 };
  // The parser names its tokens (RPAREN): people know them by their characters.
  const token = start >= text.trimEnd().length ? 'the expression ends too early' : `unexpected ${JSON.stringify(text.slice(start, end))}`;
  const summary = error.summary.startsWith('Unexpected token') ? token : error.summary.charAt(0).toLowerCase() + error.summary.slice(1);
  return { message: `not a CEL expression: ${summary}`, at: start };
}

function namesIn(node: ASTNode): UsedName[] {
  if (node.op === 'id') return [{ name: node.args, at: node.pos, field: null }];
  if (node.op === '.' && node.args[0].op === 'id') {
    const [of, name] = node.args;
    return [{ name: of.args, at: of.pos, field: { name, at: node.pos } }];
  }
  if (node.op === '[]' && node.args[0].op === 'id') {
    const [of, key] = node.args;
    const field = key.op === 'value' && typeof key.args === 'string' ? { name: key.args, at: key.pos } : null;
    return [{ name: of.args, at: of.pos, field }, ...namesIn(key)];
  }
  const names: UsedName[] = [];
  const visit = (value: unknown): void => {
    if (isNode(value)) names.push(...namesIn(value));
    else if (Array.isArray(value)) value.forEach(visit);
  };
  visit(node.args);
  return names;
}

function isNode(value: unknown): value is ASTNode {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

/**
 * `when`: a CEL expression. A fault in its syntax is reported by `expression-rules.ts`, which can point into it.
 */
export function expression(node: unknown): Reading<string> {
  if (!(node instanceof Scalar)) return { refused: expected('a CEL expression', node) };
  if (typeof node.value !== 'string') return { refused: expected('a CEL expression', node) };
  if (node.value.trim() === '') return { refused: 'the expression is empty' };
  if (node.origin.template) return { refused: 'write the expression alone, without ${{ }}' };
  return { value: node.value };
}
