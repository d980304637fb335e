import type { Activation, EvaluationFailure, ExpressionColumn, References } from './expression.ts';

/** A compiled `when`. */
export interface Filter {
  readonly source: string;
  readonly columns: References;
  /** True or false, or what went wrong; null (SQL's unknown) counts as false. Never throws. */
  evaluate(activation: Activation): boolean | EvaluationFailure;
}

/**
 * Compiles a hook's `when` against a table's columns. Throws an ExpressionError with the place of the fault.
 */
export function compileFilter(source: string, columns: readonly ExpressionColumn[]): Filter {
  void columns;
  throw new Error(`not yet: ${source}`);
}
