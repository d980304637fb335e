import type { CelType } from '../codec.ts';

/** A column as expressions see it. */
export interface ExpressionColumn {
  readonly name: string;
  readonly celType: CelType;
}

/**
 * Values by column name, on a null-prototype object: bool → boolean, int → bigint, double → number, string → string,
 * timestamp → Date, the rest as JSON.parse gives it; null where there is none, or where it is hidden.
 */
export type Values = { readonly [column: string]: unknown };

/** What an expression may say of an event. */
export interface EventFacts {
  readonly id: string;
  readonly operation: string;
  readonly table: string;
  readonly schema: string;
  readonly lsn: string;
  readonly xid: bigint;
  /** When it was committed. */
  readonly time: Date;
  /** The same in Unix seconds. */
  readonly unix: bigint;
  readonly lookup_values: readonly Values[];
  readonly redacted: readonly string[];
}

/** The variables of one evaluation. What the expression does not reference (see `References`) may be left out. */
export interface Activation {
  readonly row?: Values;
  readonly old?: Values | null;
  /** The columns that changed, with their new values. */
  readonly changed?: Values;
  readonly event?: EventFacts;
  /** What was looked up, by the names of `enrich`. */
  readonly [lookup: string]: unknown;
}

/** Which values an expression needs, so that no others are made. */
export interface References {
  readonly row: readonly string[];
  readonly old: readonly string[];
  /** True if `old` itself is asked for (`old == null`), or any of its columns. */
  readonly usesOld: boolean;
  readonly changed: boolean;
  readonly event: boolean;
}

/** An expression that cannot be compiled. `line` and `column` are 1-based, within the expression's own text. */
export class ExpressionError extends Error {
  readonly line: number;
  readonly column: number;
  /** 0-based, in UTF-16 units: where the caret goes. */
  readonly offset: number;

  constructor(message: string, source: string, offset: number) {
    super(message);
    this.name = 'ExpressionError';
    const { line, column } = lineAndColumn(source, offset);
    this.line = line;
    this.column = column;
    this.offset = offset;
  }
}

/** 1-based place of an offset in UTF-16 units. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

/** Why an expression failed on a row. One line that tells where in the expression, never a value. */
export interface EvaluationFailure {
  readonly message: string;
}
