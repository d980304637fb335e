import { readableTypes } from './cel-environment.ts';
import { type Activation, type EvaluationFailure, type ExpressionColumn, ExpressionError, type References } from './expression.ts';
import { compileProgram, explain } from './program.ts';

/** A compiled `when`. */
export interface Filter {
  readonly source: string;
  readonly columns: References;
  /** True or false, or what went wrong; null (SQL's unknown) counts as false. Never throws. */
  evaluate(activation: Activation): boolean | EvaluationFailure;
}

/** Compiles a hook's `when` against a table's columns. Throws an ExpressionError with the place of the fault. */
export function compileFilter(source: string, columns: readonly ExpressionColumn[]): Filter {
  const { root, type, references, run } = compileProgram(source, { columns, lookups: [], literals: 'uniform' });
  if (type !== 'bool' && type !== 'dyn') throw new ExpressionError(`gives ${readableTypes(type)}, not true or false`, source, root.start);
  const { row, old, usesOld, changed, event } = references;
  return {
    source,
    columns: { row, old, usesOld, changed, event },
    evaluate(activation) {
      try {
        const result = run(activation);
        if (typeof result === 'boolean') return result;
        return result === null ? false : { message: 'the expression gives neither true nor false' };
      } catch (failure) {
        return explain(failure, source);
      }
    },
  };
}
