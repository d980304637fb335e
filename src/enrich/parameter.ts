import { TEXT, type Tuple } from '../change.ts';
import type { Codecs } from '../codec.ts';
import { type ColumnSet, type Event, tupleOf, type WatchedTable } from '../event.ts';
import type { BareReference, CompiledExpression } from '../expression/compile-expression.ts';
import type { Activation, EvaluationFailure } from '../expression/expression.ts';
import { textOf } from '../expression/value-text.ts';
import type { Argument } from './lookup.ts';

/** A parameter's value for an event, or why it has none. A hidden value is null. */
export type Parameter = (event: Event, activation: Activation) => { readonly value: Argument } | EvaluationFailure;

const NULL_ARGUMENT = { value: null };

export function evaluatedParameter(expression: CompiledExpression): Parameter {
  return (_event, activation) => {
    const result = expression.evaluate(activation);
    if (!('value' in result)) return result;
    if (result.isHidden === true) return NULL_ARGUMENT;
    try {
      return { value: Array.isArray(result.value) ? (result.value as readonly unknown[]) : textOf(result.value) };
    } catch {
      return { message: 'its value has no text' };
    }
  };
}

/** A column alone is what Postgres wrote of it: digit for digit, arrays and all. */
export function columnParameter({ variable, name }: BareReference, table: WatchedTable, codecs: Codecs): Parameter {
  const { columns } = table.relation;
  const column = columns.findIndex((one) => one.name === name);
  const typeOid = columns[column]?.typeOid;
  if (typeOid === undefined) return () => ({ message: 'a whole row cannot be a parameter of a query' });
  const isBool = codecs.celType(typeOid) === 'bool';
  const text = (tuple: Tuple): { readonly value: Argument } => {
    if (tuple.kind[column] !== TEXT) return NULL_ARGUMENT;
    const written = tuple.bytes.utf8Slice(tuple.start[column] ?? 0, tuple.end[column] ?? 0);
    // As Postgres' own cast to text has it, should the parameter be text.
    return { value: isBool ? String(written === 't') : written };
  };
  const ofRow: Parameter = (event) => {
    if (isIn(event.hidden, column)) return NULL_ARGUMENT;
    const tuple = tupleOf(event, column);
    return tuple === null ? { message: 'the WAL does not carry it (it does with REPLICA IDENTITY FULL)' } : text(tuple);
  };
  switch (variable) {
    case 'row':
      return ofRow;
    case 'old':
      return ({ change: { kind, old, oldIsKey }, hidden, hiddenBefore }) => {
        const isHidden = isIn(hidden, column) || (kind !== 'delete' && isIn(hiddenBefore, column));
        return old === null || oldIsKey || isHidden ? NULL_ARGUMENT : text(old);
      };
    case 'changed':
      return (event, activation) => (isIn(event.changed, column) ? ofRow(event, activation) : NULL_ARGUMENT);
  }
}

function isIn(columns: ColumnSet | null, column: number): boolean {
  return columns !== null && columns[column] === 1;
}
