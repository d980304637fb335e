import { TEXT, type Tuple } from '../change.ts';
import type { Codecs, ToJson } from '../codec.ts';
import type { FieldsConfig } from '../config.ts';
import { type ColumnSet, type Event, tupleOf, type WatchedTable } from '../event.ts';
import type { BareReference } from '../expression/compile-expression.ts';
import { dataColumns } from './data-columns.ts';
import { type Leaf, LEFT_OUT } from './template-leaf.ts';

/**
 * Writes columns that stand in a template as they are: `${{ row.price }}`, `${{ old.email }}`, `${{ changed }}`. Their JSON is the
 * codec's, with all the digits that an expression's value would lose, and no value is made of them.
 */
export class TemplateColumns {
  readonly #table: WatchedTable;
  readonly #json: readonly ToJson[];
  readonly #redacted: string;
  readonly #fields: FieldsConfig;

  constructor(table: WatchedTable, codecs: Codecs, hook: { readonly fields: FieldsConfig; readonly large_numbers: 'number' | 'string' }) {
    this.#table = table;
    this.#json = table.relation.columns.map(({ typeOid }) => codecs.json(typeOid, hook.large_numbers));
    this.#redacted = JSON.stringify(table.redacted);
    this.#fields = hook.fields;
  }

  /** The reference's column must be one of the table's. */
  leaf({ variable, name }: BareReference): Leaf {
    if (name === null) return this.#whole(variable);
    const column = this.#table.relation.columns.findIndex((one) => one.name === name);
    switch (variable) {
      case 'row':
        return { json: ({ event }) => this.#row(event, column) };
      case 'old':
        return { json: ({ event }) => (hasOldRow(event) ? this.#old(event, column) : 'null') };
      case 'changed':
        return { json: ({ event }) => (event.changed?.[column] === 1 ? this.#row(event, column) : 'null') };
    }
  }

  /** All columns that are data, as `fields` picks and names them. */
  #whole(variable: BareReference['variable']): Leaf {
    const { row, names, constants } = dataColumns(this.#table, this.#fields);
    const prefixes = names.map((name) => `${JSON.stringify(name)}:`);
    const omitted = this.#fields.omit_null && variable !== 'changed' ? 'null' : LEFT_OUT;
    const write = (jsonOf: (column: number) => string, rest: string): string => {
      let entries = '';
      for (const column of row) {
        const json = jsonOf(column);
        if (json !== LEFT_OUT && json !== omitted) entries += `${entries === '' ? '' : ','}${prefixes[column]}${json}`;
      }
      return `{${entries}${entries === '' || rest === '' ? rest : `,${rest}`}}`;
    };
    switch (variable) {
      case 'row':
        return { json: ({ event }) => (event.row === null ? LEFT_OUT : write((column) => this.#row(event, column), constants)) };
      case 'old':
        return { json: ({ event }) => (hasOldRow(event) ? write((column) => this.#old(event, column), '') : 'null') };
      case 'changed':
        return { json: ({ event }) => write((column) => (event.changed?.[column] === 1 ? this.#row(event, column) : LEFT_OUT), '') };
    }
  }

  #row(event: Event, column: number): string {
    if (isIn(event.hidden, column)) return this.#redacted;
    const tuple = tupleOf(event, column);
    return tuple === null ? LEFT_OUT : this.#value(tuple, column);
  }

  /** What is hidden now was maybe visible before, but is not sent any more. */
  #old({ change, hidden, hiddenBefore }: Event, column: number): string {
    if (isIn(hidden, column) || (change.kind !== 'delete' && isIn(hiddenBefore, column))) return this.#redacted;
    return change.old === null ? 'null' : this.#value(change.old, column);
  }

  #value(tuple: Tuple, column: number): string {
    return tuple.kind[column] === TEXT ? (this.#json[column]?.(tuple.bytes, tuple.start[column] ?? 0, tuple.end[column] ?? 0) ?? 'null') : 'null';
  }
}

function isIn(columns: ColumnSet | null, column: number): boolean {
  return columns !== null && columns[column] === 1;
}

function hasOldRow({ change }: Event): boolean {
  return change.old !== null && !change.oldIsKey;
}
