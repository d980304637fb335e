import { type Change, commitTime, TEXT } from '../change.ts';
import type { ToValue } from '../codec.ts';
import { type ColumnSet, type Event, tupleOf } from '../event.ts';
import { formatLsn } from '../lsn.ts';
import type { Activation, EventFacts, References, Values } from './expression.ts';

/** Makes a column's value from its text. */
interface Field {
  readonly name: string;
  readonly column: number;
  readonly value: ToValue;
}

/** Makes the variables that one expression needs of an event, and no others. A hidden value is null. */
export class ActivationBuilder {
  readonly #row: readonly Field[];
  readonly #old: readonly Field[];
  readonly #all: readonly Field[];
  readonly #references: References;

  /** `fields`: all columns of the relation, in order. */
  constructor(references: References, fields: readonly Field[]) {
    this.#references = references;
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
    for (const field of this.#row) values[field.name] = valueOf(event, field);
    return values;
  }

  #oldValues(event: Event): Values | null {
    return this.#valuesBefore(event, this.#old);
  }

  #valuesBefore(event: Event, fields: readonly Field[]): Values | null {
    const { change } = event;
    if (!hasWholeOldRow(change)) return null;
    const hidden = change.kind === 'delete' ? event.hidden : event.hiddenBefore;
    const values = emptyValues();
    for (const field of fields) values[field.name] = isHidden(hidden, field) ? null : textValue(change.old, field);
    return values;
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
      lsn: formatLsn(change.transaction.commitLsn),
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
