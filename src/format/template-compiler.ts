import type { Codecs } from '../codec.ts';
import type { HookConfig } from '../config.ts';
import type { WatchedTable } from '../event.ts';
import { ActivationBuilder, type Field } from '../expression/activation.ts';
import { compileExpression } from '../expression/compile-expression.ts';
import { type ExpressionColumn, ExpressionError, type References } from '../expression/expression.ts';
import { allReferences } from '../expression/references.ts';
import type { Expression } from '../template.ts';
import { TemplateColumns } from './template-columns.ts';
import { brokenLeaf, evaluatedLeaf, type Leaf } from './template-leaf.ts';
import { TemplateScope } from './template-scope.ts';

/** What of a hook its templates go by. */
export type TemplateConfig = Pick<HookConfig, 'enrich' | 'fields' | 'large_numbers'>;

/** Compiles the expressions of one hook's templates against one version of its table. */
export class TemplateCompiler {
  readonly #table: WatchedTable;
  readonly #columns: readonly ExpressionColumn[];
  readonly #fields: readonly Field[];
  readonly #bare: TemplateColumns;
  readonly #lookups: readonly string[];
  readonly #largeNumbers: 'number' | 'string';
  /** What the expressions compiled so far ask for. */
  readonly #references: References[] = [];

  constructor(table: WatchedTable, codecs: Codecs, hook: TemplateConfig) {
    const { columns } = table.relation;
    this.#table = table;
    this.#columns = columns.map(({ name, typeOid }) => ({ name, celType: codecs.celType(typeOid) }));
    this.#fields = columns.map(({ name, typeOid }, column) => ({ name, column, value: codecs.value(typeOid) }));
    this.#bare = new TemplateColumns(table, codecs, hook);
    this.#lookups = [...hook.enrich.keys()];
    this.#largeNumbers = hook.large_numbers;
  }

  /** `option`: where it stands, for messages: `body.fullName`. An expression that does not fit the table fails on every event. */
  compile(expression: Expression, option: string): Leaf {
    try {
      const compiled = compileExpression(expression.source, this.#columns, this.#lookups);
      if (compiled.bare !== null) return this.#bare.leaf(compiled.bare);
      this.#references.push(compiled.columns);
      return evaluatedLeaf(compiled, option, this.#largeNumbers);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      return brokenLeaf(expression, option, error.message);
    }
  }

  /** For all that was compiled: what its expressions share of an event is made once. */
  scope(): TemplateScope {
    return new TemplateScope(new ActivationBuilder(allReferences(this.#references), this.#fields, this.#table.redacted));
  }
}
