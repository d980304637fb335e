/** A CEL expression of the file, as it stands in `${{ }}`, and where it begins: 1-based line and column. */
export interface Expression {
  readonly source: string;
  readonly line: number;
  readonly column: number;
}

/** Text with expressions in it, piece by piece. */
export type TextTemplate = readonly (string | Expression)[];

/** A tree of YAML with expressions at its leaves: what a body is made of. */
export type Template =
  /** A scalar without an expression, as JSON text. */
  | { readonly kind: 'constant'; readonly json: string }
  /** A string that is one expression: its value keeps its type. */
  | { readonly kind: 'expression'; readonly expression: Expression }
  | { readonly kind: 'text'; readonly parts: TextTemplate }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [name: string, value: Template])[] }
  | { readonly kind: 'list'; readonly items: readonly Template[] };
