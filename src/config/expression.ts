import { ParseError, parse } from '@marcbachmann/cel-js';
import { expected, type Reading } from './kinds.ts';
import { Scalar } from './tree.ts';

export interface ExpressionFault {
  readonly message: string;
  /** Offset in the expression. */
  readonly at: number;
}

/** What is wrong with the syntax of a CEL expression, or null. Names and types are checked against the table by `walhook check`. */
export function expressionFault(text: string): ExpressionFault | null {
  try {
    parse(text);
    return null;
  } catch (error) {
    if (!(error instanceof ParseError)) return { message: 'not a CEL expression', at: 0 };
    const { start, end } = error.range ?? { start: 0, end: 0 };
    // The parser names its tokens (RPAREN): people know them by their characters.
    const token = start >= text.trimEnd().length ? 'the expression ends too early' : `unexpected ${JSON.stringify(text.slice(start, end))}`;
    const summary = error.summary.startsWith('Unexpected token') ? token : error.summary.charAt(0).toLowerCase() + error.summary.slice(1);
    return { message: `not a CEL expression: ${summary}`, at: start };
  }
}

/**
 * `when`: a CEL expression. A fault in its syntax is reported by `rules.ts`, which can point into it.
 */
export function expression(node: unknown): Reading<string> {
  if (!(node instanceof Scalar)) return { refused: expected('a CEL expression', node) };
  if (typeof node.value !== 'string') return { refused: expected('a CEL expression', node) };
  if (node.value.trim() === '') return { refused: 'the expression is empty' };
  if (node.origin.template) return { refused: 'write the expression alone, without ${{ }}' };
  return { value: node.value };
}
