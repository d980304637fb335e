import type { Codecs } from '../codec.ts';
import type { Event, WatchedTable } from '../event.ts';
import { ActivationBuilder, type Field } from '../expression/activation.ts';
import type { Activation, EvaluationFailure, ExpressionColumn, References } from '../expression/expression.ts';
import { compileFilter, type Filter } from '../expression/filter.ts';

/**
 * The filters of a table's hooks, for one version of it. Hooks with the same expression share its answer, and those that
 * ask for the same columns share the values: what a hundred hooks cost is what their different expressions cost.
 */
export class TableFilters {
  readonly #columns: readonly ExpressionColumn[];
  readonly #fields: readonly Field[];
  readonly #filters = new Map<string, EventFilter>();
  readonly #activations = new Map<string, SharedActivation>();

  constructor({ relation }: WatchedTable, codecs: Codecs) {
    this.#columns = relation.columns.map(({ name, typeOid }) => ({ name, celType: codecs.celType(typeOid) }));
    this.#fields = relation.columns.map(({ name, typeOid }, column) => ({ name, column, value: codecs.value(typeOid) }));
  }

  /** Throws an ExpressionError if `when` does not fit the table's columns. */
  compile(when: string): EventFilter {
    let filter = this.#filters.get(when);
    if (filter === undefined) {
      const compiled = compileFilter(when, this.#columns);
      filter = new EventFilter(compiled, this.#activation(compiled.columns));
      this.#filters.set(when, filter);
    }
    return filter;
  }

  #activation(references: References): SharedActivation {
    const { row, old, usesOld, changed, event } = references;
    const shape = JSON.stringify([row.toSorted(), old.toSorted(), usesOld, changed, event]);
    let activation = this.#activations.get(shape);
    if (activation === undefined) {
      activation = new SharedActivation(new ActivationBuilder(references, this.#fields), event);
      this.#activations.set(shape, activation);
    }
    return activation;
  }
}

/** One `when`, asked about events. What it said of the last event is known. */
export class EventFilter {
  /** True if it asks for facts of the event: its id, which is another one for each hook, is among them. */
  readonly usesEvent: boolean;
  readonly #filter: Filter;
  readonly #activation: SharedActivation;
  #serial = 0;
  #now: boolean | EvaluationFailure = false;
  #serialBefore = 0;
  #before: boolean | EvaluationFailure | null = null;

  constructor(filter: Filter, activation: SharedActivation) {
    this.usesEvent = filter.columns.event;
    this.#filter = filter;
    this.#activation = activation;
  }

  /** Whether it is true of the event. @param id the event's webhook-id; may be empty unless `usesEvent` */
  now(event: Event, id: string): boolean | EvaluationFailure {
    if (event.serial !== this.#serial || this.usesEvent) {
      this.#now = this.#filter.evaluate(this.#activation.now(event, id));
      this.#serial = event.serial;
    }
    return this.#now;
  }

  /** Whether it was true of the row before; null where the WAL has none. */
  before(event: Event, id: string): boolean | EvaluationFailure | null {
    if (event.serial !== this.#serialBefore || this.usesEvent) {
      const before = this.#activation.before(event, id);
      this.#before = before === null ? null : this.#filter.evaluate(before);
      this.#serialBefore = event.serial;
    }
    return this.#before;
  }
}

/** The values of one event for all filters that ask for the same: made for the first of them. */
class SharedActivation {
  readonly #builder: ActivationBuilder;
  readonly #usesEvent: boolean;
  #serial = 0;
  #now: Activation = {};
  #serialBefore = 0;
  #before: Activation | null = null;

  constructor(builder: ActivationBuilder, usesEvent: boolean) {
    this.#builder = builder;
    this.#usesEvent = usesEvent;
  }

  now(event: Event, id: string): Activation {
    if (event.serial !== this.#serial || this.#usesEvent) {
      this.#now = this.#builder.build(event, id);
      this.#serial = event.serial;
    }
    return this.#now;
  }

  before(event: Event, id: string): Activation | null {
    if (event.serial !== this.#serialBefore || this.#usesEvent) {
      this.#before = this.#builder.buildBefore(event, id);
      this.#serialBefore = event.serial;
    }
    return this.#before;
  }
}
