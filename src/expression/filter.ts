import { type Environment, EvaluationError, ParseError, TypeError as CelTypeError } from '@marcbachmann/cel-js';
import { didYouMean } from '../closest.ts';
import { environmentOf, EVENT_FIELD_NAMES, readableTypes } from './cel-environment.ts';
import { type CelNode, children, isLiteral, VARIABLES } from './cel-node.ts';
import { type Activation, type EvaluationFailure, type ExpressionColumn, ExpressionError, lineAndColumn, type References } from './expression.ts';
import { findReferences } from './references.ts';
import { applySqlNulls } from './sql-null.ts';

/** A compiled `when`. */
export interface Filter {
  readonly source: string;
  readonly columns: References;
  /** True or false, or what went wrong; null (SQL's unknown) counts as false. Never throws. */
  evaluate(activation: Activation): boolean | EvaluationFailure;
}

/**
 * Compiles a hook's `when` against a table's columns: an expression in CEL, with the nulls of SQL (see sql-null.ts).
 * Throws an ExpressionError with the place of the fault.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md
 */
export function compileFilter(source: string, columns: readonly ExpressionColumn[]): Filter {
  const environment = environmentOf(columns);
  const names = new Set(columns.map((column) => column.name));
  const program = parse(environment, source, names);
  const root = program.ast as unknown as CelNode;
  const references = findReferences(root, source, { columns: names, eventFields: EVENT_FIELD_NAMES });
  const { valid, type, error } = program.check();
  if (!valid) throw refusal(error, source, names);
  if (type !== 'bool' && type !== 'dyn') throw new ExpressionError(`gives ${readableTypes(type ?? 'nothing')}, not true or false`, source, root.start);
  applySqlNulls(root);
  foldConstants(root, environment, source);
  return {
    source,
    columns: references,
    evaluate(activation) {
      try {
        const result: unknown = program(activation);
        if (typeof result === 'boolean') return result;
        return result === null ? false : { message: 'the expression gives neither true nor false' };
      } catch (failure) {
        return explain(failure, source);
      }
    },
  };
}

type Program = ReturnType<Environment['parse']>;

function parse(environment: Environment, source: string, columns: ReadonlySet<string>): Program {
  try {
    return environment.parse(source);
  } catch (error) {
    throw refusal(error, source, columns);
  }
}

/** A fault that cel-js found, in an operator's words. */
function refusal(error: unknown, source: string, columns: ReadonlySet<string>): ExpressionError {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) throw error;
  const offset = Math.min(error.range?.start ?? 0, source.length);
  const [summary = ''] = readableTypes(error.summary).split('\n');
  const text = (message: string): ExpressionError => new ExpressionError(message, source, offset);
  if (error.code === 'unknown_variable') {
    const name = summary.replace('Unknown variable: ', '');
    if (columns.has(name)) return text(`no variable ${JSON.stringify(name)} (did you mean "row.${name}"?)`);
    return text(`no variable ${JSON.stringify(name)}${didYouMean(name, VARIABLES)}`);
  }
  if (error.code === 'no_such_overload') {
    const types = summary.replace('no such overload: ', '');
    const hint = /\btimestamp .* string|string .* timestamp\b/.test(types) ? "; write timestamp('2026-01-31T00:00:00Z')" : '';
    return text(`${types}: these types do not go together${hint}`);
  }
  return text(summary);
}

/** What went wrong on a row. Of cel-js's error only the code and the place: its message may hold a value. */
function explain(failure: unknown, source: string): EvaluationFailure {
  if (!(failure instanceof Error) || !('code' in failure) || typeof failure.code !== 'string') return { message: 'the expression failed' };
  const what = failure.code.replaceAll('_', ' ');
  const offset = failure instanceof EvaluationError ? failure.range?.start : undefined;
  if (offset === undefined) return { message: what };
  const { line, column } = lineAndColumn(source, offset);
  return { message: `${what}, at line ${line}, column ${column}` };
}

/** Calls with literals alone, such as `timestamp('…')`, are made once, and here fail where they would for every row. */
function foldConstants(node: CelNode, environment: Environment, source: string): void {
  const parts = children(node);
  const isCall = (node.op === 'call' || node.op === 'rcall') && node.meta.alternate === undefined && node.meta.macro === undefined;
  if (isCall && parts.length > 0 && parts.every(isLiteral)) {
    const value = evaluateOnce(environment, source.slice(node.start, node.end), source, node.start);
    node.evaluate = () => value;
    return;
  }
  for (const part of parts) foldConstants(part, environment, source);
}

function evaluateOnce(environment: Environment, text: string, source: string, start: number): unknown {
  try {
    return environment.evaluate(text);
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    throw new ExpressionError(readableTypes(error.summary), source, start);
  }
}
