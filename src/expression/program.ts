import { type Environment, EvaluationError, ParseError, TypeError as CelTypeError } from '@marcbachmann/cel-js';
import { didYouMean } from '../closest.ts';
import { type EnvironmentOptions, environmentOf, EVENT_FIELD_NAMES, readableTypes } from './cel-environment.ts';
import { type CelNode, children, isLiteral, VARIABLES } from './cel-node.ts';
import { type Activation, type EvaluationFailure, ExpressionError, lineAndColumn } from './expression.ts';
import { literalFault } from './helper-functions.ts';
import { findReferences, type FoundReferences } from './references.ts';
import { PatternError } from './regular-expression.ts';
import { applySqlNulls } from './sql-null.ts';
import { Withheld } from './withheld.ts';

/** An expression that has been parsed, checked against a table's columns and made ready to be evaluated: what filters and templates share. */
export interface CelProgram {
  readonly root: CelNode;
  /** cel-js's name for the type of its result. */
  readonly type: string;
  readonly references: FoundReferences;
  /** Throws what `explain` knows how to tell, or a Withheld. */
  readonly run: (activation: Activation) => unknown;
}

export interface ProgramOptions extends EnvironmentOptions {
  /** Finds what the expression refers to; default: `findReferences`. */
  readonly references?: typeof findReferences;
}

/**
 * An expression in CEL, with the nulls of SQL (see sql-null.ts) and walhook's own functions (see helper-functions.ts).
 * Throws an ExpressionError with the place of the fault.
 * https://github.com/google/cel-spec/blob/master/doc/langdef.md
 */
export function compileProgram(source: string, options: ProgramOptions): CelProgram {
  const environment = environmentOf(options);
  const columns = new Set(options.columns.map((column) => column.name));
  const { lookups } = options;
  const variables = [...VARIABLES, ...lookups];
  const program = parse(environment, source, { columns, variables });
  const root = program.ast as unknown as CelNode;
  const find = options.references ?? findReferences;
  const references = find(root, source, { columns, eventFields: EVENT_FIELD_NAMES, lookups });
  if (options.literals === 'mixed') mixBranches(root);
  const { valid, type, error } = program.check();
  if (!valid) throw refusal(error, source, { columns, variables });
  checkLiterals(root, source);
  applySqlNulls(root, lookups);
  foldConstants(root, environment, source);
  return { root, type: type ?? 'dyn', references, run: (activation): unknown => program(activation) as unknown };
}

type Program = ReturnType<Environment['parse']>;

/** What a name may have been meant to be. */
interface KnownNames {
  readonly columns: ReadonlySet<string>;
  readonly variables: readonly string[];
}

function parse(environment: Environment, source: string, known: KnownNames): Program {
  try {
    return environment.parse(source);
  } catch (error) {
    throw refusal(error, source, known);
  }
}

/** A fault that cel-js found, in an operator's words. */
function refusal(error: unknown, source: string, { columns, variables }: KnownNames): ExpressionError {
  if (!(error instanceof ParseError || error instanceof CelTypeError || error instanceof EvaluationError)) throw error;
  const offset = Math.min(error.range?.start ?? 0, source.length);
  const [summary = ''] = readableTypes(error.summary).split('\n');
  const text = (message: string): ExpressionError => new ExpressionError(message, source, offset);
  if (error.code === 'unknown_variable') {
    const name = summary.replace('Unknown variable: ', '');
    if (columns.has(name)) return text(`no variable ${JSON.stringify(name)} (did you mean "row.${name}"?)`);
    return text(`no variable ${JSON.stringify(name)}${didYouMean(name, variables)}`);
  }
  if (error.code === 'no_such_overload') {
    const types = summary.replace('no such overload: ', '');
    const hint = /\btimestamp .* string|string .* timestamp\b/.test(types) ? "; write timestamp('2026-01-31T00:00:00Z')" : '';
    return text(`${types}: these types do not go together${hint}`);
  }
  return text(summary);
}

/** cel-js's errors whose message holds types and names of functions, and no value. */
const TYPES_ALONE = /^(?:no such overload|found no matching overload for) ?:? ?(.*)$/;

/** What went wrong on a row. Of cel-js's error only the code, the types and the place: its message may hold a value. */
export function explain(failure: unknown, source: string): EvaluationFailure {
  if (failure instanceof Withheld) return { message: failure.message };
  if (!(failure instanceof Error) || !('code' in failure) || typeof failure.code !== 'string') return { message: 'the expression failed' };
  const what = failure.code.replaceAll('_', ' ');
  if (!(failure instanceof EvaluationError || failure instanceof PatternError)) return { message: what };
  const types = failure instanceof EvaluationError ? TYPES_ALONE.exec(readableTypes(failure.summary))?.[1] : undefined;
  const offset = failure.range?.start;
  const told = types === undefined ? what : `${what}: ${types.replaceAll("'", '')}`;
  if (offset === undefined) return { message: told };
  const { line, column } = lineAndColumn(source, offset);
  return { message: `${told}, at line ${line}, column ${column}` };
}

/** Lets `a ? row.name : null` be: what it gives is then known only on a row. */
function mixBranches(node: CelNode): void {
  children(node).forEach(mixBranches);
  if (node.op !== '?:') return;
  const check = node.check.bind(node);
  node.check = (checker, self, context) => {
    try {
      return check(checker, self, context);
    } catch (error) {
      if (error instanceof CelTypeError && error.code === 'incompatible_ternary_branches') return checker.getType('dyn');
      throw error;
    }
  };
}

/** Arguments that are written out, such as the pattern of a time, fail here where they would for every row. */
function checkLiterals(node: CelNode, source: string): void {
  const parts = children(node);
  if ((node.op === 'call' || node.op === 'rcall') && node.meta.alternate === undefined && node.meta.macro === undefined) {
    const [name] = node.args as readonly [string];
    const fault = literalFault(name, parts.map((part) => (isLiteral(part) ? part.args : undefined)));
    if (fault !== null) throw new ExpressionError(fault.message, source, parts[fault.index]?.start ?? node.start);
  }
  for (const part of parts) checkLiterals(part, source);
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
