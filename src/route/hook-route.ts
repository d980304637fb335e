import type { Codecs } from '../codec.ts';
import type { EventKind, HookConfig } from '../config.ts';
import type { Event, Operation, WatchedTable } from '../event.ts';
import { type EvaluationFailure, ExpressionError } from '../expression/expression.ts';
import { Lane } from './lane.ts';
import { type EventFilter, TableFilters } from './table-filters.ts';

const KINDS: Record<Operation, EventKind> = {
  data_insert: 'insert',
  data_update: 'update',
  visibility_update: 'visibility_update',
  delete: 'delete',
  truncate: 'truncate',
};

/** A `when` that does not fit the table any more, because a column it names is gone or has another type. */
interface BrokenWhen {
  readonly broken: EvaluationFailure;
}

/** A hook, compiled against one version of its table: says which events are for it, and in which lane they go. */
export class HookRoute {
  readonly hook: HookConfig;
  readonly lane: Lane;
  /** True if the hook's filter asks for the event's webhook-id, or may do so. */
  readonly usesId: boolean;
  readonly #kinds: ReadonlySet<EventKind>;
  /** Columns one of which must have changed; null if any change will do. */
  readonly #changed: readonly number[] | null;
  readonly #when: EventFilter | BrokenWhen | null;

  /** `filters`: those of the table, which its hooks share. */
  constructor(hook: HookConfig, table: WatchedTable, codecs: Codecs, filters = new TableFilters(table, codecs)) {
    const { columns } = table.relation;
    const indexes = (names: readonly string[]): number[] =>
      names.map((name) => columns.findIndex((column) => column.name === name)).filter((i) => i >= 0);
    this.hook = hook;
    this.#kinds = new Set(hook.events);
    this.#changed = hook.changed === null ? null : indexes(hook.changed);
    const order = hook.order_by === null ? table.key : indexes(hook.order_by);
    this.lane = new Lane(table.relation.oid, hook.order_by?.length === 0 ? null : order);
    this.#when = hook.when === null ? null : compileOrExplain(hook.when, filters);
    this.usesId = this.#when !== null && 'usesEvent' in this.#when && this.#when.usesEvent;
  }

  /** True if the hook may want events of the operation. */
  isFor(operation: Operation): boolean {
    return this.#kinds.has(KINDS[operation]);
  }

  /**
   * True if the hook wants the event; a failure if its expression could not tell.
   * @param id the event's webhook-id; may be empty unless `usesId`
   */
  wants(event: Event, id: string): boolean | EvaluationFailure {
    if (!this.isFor(event.operation)) return false;
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

  #matches(event: Event, id: string, when: EventFilter): boolean | EvaluationFailure {
    const now = when.now(event, id);
    if (now !== true || !this.hook.entering) return now;
    if (event.operation === 'delete') return false;
    return event.change.kind !== 'update' || when.before(event, id) !== true;
  }

  /** For an update: whether it changed one of the columns, or whether one may be seen. Where the WAL does not tell, it may have. */
  #touches({ operation, changed, hidden, hiddenBefore }: Event, columns: readonly number[]): boolean {
    if (operation === 'data_update') {
      if (changed === null) return true;
      for (const column of columns) if (changed[column] === 1) return true;
      return false;
    }
    if (operation !== 'visibility_update') return true;
    return columns.some((column) => (hidden?.[column] ?? 0) !== (hiddenBefore?.[column] ?? 0));
  }
}

/** Whoever may write a json column must not be able to end the daemon, for every start would end the same way. */
function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes('call stack');
}

/** Events of a hook whose expression broke become dead letters with the reason: they are kept, and can be sent once it is mended. */
function compileOrExplain(when: string, filters: TableFilters): EventFilter | BrokenWhen {
  try {
    return filters.compile(when);
  } catch (error) {
    if (error instanceof ExpressionError) return { broken: { message: `when: ${error.message}` } };
    throw error;
  }
}
