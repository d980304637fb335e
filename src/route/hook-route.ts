import type { Codecs } from '../codec.ts';
import type { EventKind, HookConfig } from '../config.ts';
import type { Event, Operation, WatchedTable } from '../event.ts';
import { ActivationBuilder } from '../expression/activation.ts';
import { type EvaluationFailure, ExpressionError } from '../expression/expression.ts';
import { compileFilter, type Filter } from '../expression/filter.ts';
import { Lane } from './lane.ts';

const KINDS: Record<Operation, EventKind> = {
  data_insert: 'insert',
  data_update: 'update',
  visibility_update: 'visibility_update',
  delete: 'delete',
  truncate: 'truncate',
};

interface CompiledWhen {
  readonly filter: Filter;
  readonly activation: ActivationBuilder;
}

/** A `when` that does not fit the table any more, because a column it names is gone or has another type. */
interface BrokenWhen {
  readonly broken: EvaluationFailure;
}

/** A hook, compiled against one version of its table: says which events are for it, and in which lane they go. */
export class HookRoute {
  readonly hook: HookConfig;
  readonly lane: Lane;
  readonly #kinds: ReadonlySet<EventKind>;
  /** Columns one of which must have changed; null if any change will do. */
  readonly #changed: readonly number[] | null;
  readonly #when: CompiledWhen | BrokenWhen | null;

  constructor(hook: HookConfig, table: WatchedTable, codecs: Codecs) {
    const { columns } = table.relation;
    const indexes = (names: readonly string[]): number[] =>
      names.map((name) => columns.findIndex((column) => column.name === name)).filter((i) => i >= 0);
    this.hook = hook;
    this.#kinds = new Set(hook.events);
    this.#changed = hook.changed === null ? null : indexes(hook.changed);
    const order = hook.order_by === null ? table.key : indexes(hook.order_by);
    this.lane = new Lane(table.relation.oid, hook.order_by?.length === 0 ? null : order);
    this.#when = hook.when === null ? null : compileOrExplain(hook.when, table, codecs);
  }

  /** True if the hook wants the event; a failure if its expression could not tell. */
  wants(event: Event, id: string): boolean | EvaluationFailure {
    if (!this.#kinds.has(KINDS[event.operation])) return false;
    if (this.#changed !== null && !this.#touches(event, this.#changed)) return false;
    if (this.#when === null || event.row === null) return true;
    if ('broken' in this.#when) return this.#when.broken;
    try {
      return this.#matches(event, id, this.#when);
    } catch (error) {
      if (isStackOverflow(error)) return { message: 'a value is nested too deeply to be read' };
      throw error;
    }
  }

  #matches(event: Event, id: string, when: CompiledWhen): boolean | EvaluationFailure {
    const { filter, activation } = when;
    const now = filter.evaluate(activation.build(event, id));
    if (now !== true || !this.hook.entering) return now;
    if (event.operation === 'delete') return false;
    const before = event.change.kind === 'update' ? activation.buildBefore(event, id) : null;
    return before === null || filter.evaluate(before) !== true;
  }

  /** For an update: whether it changed one of the columns, or whether one may be seen. Where the WAL does not tell, it may have. */
  #touches(event: Event, columns: readonly number[]): boolean {
    const { operation, changed, hidden, hiddenBefore } = event;
    if (operation === 'data_update') return changed === null || columns.some((column) => changed[column] === 1);
    if (operation !== 'visibility_update') return true;
    return columns.some((column) => (hidden?.[column] ?? 0) !== (hiddenBefore?.[column] ?? 0));
  }
}

/** Whoever may write a json column must not be able to end the daemon, for every start would end the same way. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/** Events of a hook whose expression broke become dead letters with the reason: they are kept, and can be sent once it is mended. */
function compileOrExplain(when: string, table: WatchedTable, codecs: Codecs): CompiledWhen | BrokenWhen {
  try {
    return compileWhen(when, table, codecs);
  } catch (error) {
    if (error instanceof ExpressionError) return { broken: { message: `when: ${error.message}` } };
    throw error;
  }
}

/** Throws an ExpressionError if `when` does not fit the table's columns. */
function compileWhen(when: string, table: WatchedTable, codecs: Codecs): CompiledWhen {
  const { columns } = table.relation;
  const filter = compileFilter(
    when,
    columns.map(({ name, typeOid }) => ({ name, celType: codecs.celType(typeOid) })),
  );
  const fields = columns.map(({ name, typeOid }, column) => ({ name, column, value: codecs.value(typeOid) }));
  return { filter, activation: new ActivationBuilder(filter.columns, fields) };
}
