import { readableTypes } from './cel-environment.ts';
import { type CelNode, isVariable, memberOf } from './cel-node.ts';
import type { Activation, EvaluationFailure, ExpressionColumn, References } from './expression.ts';
import { compileProgram, explain } from './program.ts';
import { findReferences } from './references.ts';
import { Withheld } from './withheld.ts';

/** An expression that is nothing but a column of a row, or a whole row: its JSON is that of the columns, digit for digit. */
export interface BareReference {
  readonly variable: 'row' | 'old' | 'changed';
  /** The column; null: the whole row. */
  readonly name: string | null;
}

/** A compiled expression of a template. */
export interface CompiledExpression {
  readonly source: string;
  /** The type of its value, for people: `string`, `timestamp`, `list<int>`; `dyn` where only the row tells. Any value may be null. */
  readonly type: string;
  readonly bare: BareReference | null;
  readonly columns: References;
  /** The names of `enrich` that it uses. */
  readonly lookups: readonly string[];
  /**
   * The value, or what went wrong. Where the expression asks for a hidden value, the table's redacted text is its value.
   * Never throws.
   */
  evaluate(activation: Activation): Evaluated | EvaluationFailure;
}

export interface Evaluated {
  readonly value: unknown;
  /** True if it asked for a hidden value, and has the table's redacted text instead of its own. */
  readonly isHidden?: boolean;
}

/**
 * Compiles an expression of a template against a table's columns. Throws an ExpressionError with the place of the fault.
 * @param lookups names of `enrich` that it may use
 */
export function compileExpression(source: string, columns: readonly ExpressionColumn[], lookups: readonly string[]): CompiledExpression {
  const { root, type, references, run } = compileProgram(source, { columns, lookups, literals: 'mixed', references: findAll });
  const { row, old, usesOld, changed, event } = references;
  return {
    source,
    type: readableTypes(type),
    bare: bareReference(root),
    columns: { row, old, usesOld, changed, event },
    lookups: references.lookups,
    evaluate(activation) {
      try {
        return { value: run(activation) };
      } catch (failure) {
        if (failure instanceof Withheld && failure.instead !== null) return { value: failure.instead, isHidden: true };
        return explain(failure, source);
      }
    },
  };
}

/** `row`, `old` and `changed` may stand alone: such an expression is not evaluated, its columns are written one by one. */
const findAll: typeof findReferences = (root, source, names) => {
  if (bareReference(root)?.name !== null) return findReferences(root, source, names);
  const every = [...names.columns];
  const isOld = root.args === 'old';
  return { row: isOld ? [] : every, old: isOld ? every : [], usesOld: isOld, changed: root.args === 'changed', event: false, lookups: [] };
};

function bareReference(root: CelNode): BareReference | null {
  const member = memberOf(root) ?? (root.op === 'id' && isVariable(root.args) ? { variable: root.args, name: null } : null);
  if (member === null || member.variable === 'event') return null;
  // `changed[row.name]`: which column, only the row tells.
  if (member.name === null && root.op !== 'id') return null;
  return { variable: member.variable, name: member.name };
}
