import { type Change, commitTime, shownLsn, TEXT } from '../change.ts';
import type { ToValue } from '../codec.ts';
import { type ColumnSet, type Event, tupleOf } from '../event.ts';
import { formatLsn } from '../lsn.ts';
import type { Activation, EventFacts, References, Values } from './expression.ts';
import { Withheld } from './withheld.ts';

/** Makes a column's value from its text. */
export interface Field {
  readonly name: string;
  readonly column: number;
  readonly value: ToValue;
}

/**
 * Makes the variables that expressions need of an event, and no others. In a filter, a value that is hidden, or that the WAL
 * does not carry, is null. In a template it is withheld: see withheld.ts.
 */
export class ActivationBuilder {
  readonly #row: readonly Field[];
  readonly #old: readonly Field[];
  readonly #all: readonly Field[];
  readonly #references: References;
  /** Null in a filter. */
  readonly #hidden: Withheld | null;
  /** By column; empty in a filter. */
  readonly #unknown: ReadonlyMap<number, Withheld>;

  /**
   * @param fields all columns of the relation, in order
   * @param redacted for templates, which are sent: the table's text in place of hidden values. Null for filters.
   */
  constructor(references: References, fields: readonly Field[], redacted: string | null = null) {
    this.#references = references;
    this.#hidden = redacted === null ? null : Withheld.hidden(redacted);
    this.#unknown = new Map(redacted === null ? [] : fields.map(({ name, column }) => [column, Withheld.notInWal(`row.${name}`)]));
    this.#all = fields;
    this.#row = fields.filter((field) => references.row.includes(field.name));
    this.#old = fields.filter((field) => references.old.includes(field.name));
  }

  build(event: Event, id: string): Activation {
    const references = this.#references;
    return {
      row: this.#rowValues(event),
      ...(references.usesOld ? { old: this.#oldValues(event) } : {}),
      ...(references.changed ? { changed: this.#changedValues(event) } : {}),
      ...(references.event ? { event: this.#facts(event, id) } : {}),
    };
  }

  /** The row before as if it were the event's row: to see whether an expression was true of it. Null where the WAL has none. */
  buildBefore(event: Event, id: string): Activation | null {
    const old = this.#valuesBefore(event, this.#row);
    if (old === null) return null;
    return { ...this.build(event, id), row: old };
  }

  #rowValues(event: Event): Values {
    const values = emptyValues();
    for (const field of this.#row) values[field.name] = this.#rowValue(event, field);
    return values;
  }

  #rowValue(event: Event, field: Field): unknown {
    if (isHidden(event.hidden, field)) return this.#hidden;
    const tuple = tupleOf(event, field.column);
    return tuple === null ? (this.#unknown.get(field.column) ?? null) : textValue(tuple, field);
  }

  #oldValues(event: Event): Values | null {
    return this.#valuesBefore(event, this.#old);
  }

  #valuesBefore(event: Event, fields: readonly Field[]): Values | null {
    const { change } = event;
    if (!hasWholeOldRow(change)) return null;
    const values = emptyValues();
    for (const field of fields) values[field.name] = this.#isHiddenBefore(event, field) ? this.#hidden : textValue(change.old, field);
    return values;
  }

  /** What is hidden now was not, maybe, before: a filter may compare the two, but nothing of it is sent any more. */
  #isHiddenBefore({ change, hidden, hiddenBefore }: Event, field: Field): boolean {
    if (change.kind === 'delete') return isHidden(hidden, field);
    return isHidden(hiddenBefore, field) || (this.#hidden !== null && isHidden(hidden, field));
  }

  #changedValues(event: Event): Values {
    const values = emptyValues();
    for (const field of this.#all) {
      if (event.changed?.[field.column] === 1) values[field.name] = valueOf(event, field);
    }
    return values;
  }

  #facts(event: Event, id: string): EventFacts {
    const { change, table, hidden } = event;
    const milliseconds = commitTime(change.transaction);
    const lookups = table.lookup.flatMap((column) => {
      const field = this.#all[column];
      if (field === undefined || isHidden(hidden, field)) return [];
      const value = valueOf(event, field);
      return value === null ? [] : [Object.assign(emptyValues(), { field: field.name, value })];
    });
    return {
      id,
      operation: event.operation,
      table: change.relation.table,
      schema: change.relation.schema,
      lsn: formatLsn(shownLsn(change.transaction)),
      xid: BigInt(change.transaction.xid),
      time: new Date(milliseconds),
      unix: BigInt(Math.floor(milliseconds / 1000)),
      lookup_values: lookups,
      redacted: this.#all.filter((field) => isHidden(hidden, field)).map((field) => field.name),
    };
  }
}

/** Without a prototype, so that a column named `__proto__` is a column like any other. */
function emptyValues(): Record<string, unknown> {
  return Object.create(null) as Record<string, unknown>;
}

function hasWholeOldRow(change: Change): change is Change & { old: NonNullable<Change['old']> } {
  return change.old !== null && !change.oldIsKey;
}

function isHidden(hidden: ColumnSet | null, field: Field): boolean {
  return hidden !== null && hidden[field.column] === 1;
}

function valueOf(event: Event, field: Field): unknown {
  if (isHidden(event.hidden, field)) return null;
  const tuple = tupleOf(event, field.column);
  return tuple === null ? null : textValue(tuple, field);
}

function textValue(tuple: NonNullable<Change['old']>, field: Field): unknown {
  const { column } = field;
  return tuple.kind[column] === TEXT ? field.value(tuple.bytes, tuple.start[column]!, tuple.end[column]!) : null;
}
