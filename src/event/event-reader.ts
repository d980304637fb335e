import { type Change, type Tuple, TEXT, UNCHANGED } from '../change.ts';
import type { ColumnSet, Event, Operation } from '../event.ts';
import type { TablePlan } from './watched-table.ts';

/** The one event object of a table, filled anew for each event. */
class CurrentEvent implements Event {
  readonly table: TablePlan;
  operation: Operation = 'data_insert';
  readonly isBackfill: boolean;
  change!: Change;
  serial = 0;
  row: Tuple | null = null;
  hidden: ColumnSet | null = null;
  hiddenBefore: ColumnSet | null = null;
  changed: ColumnSet | null = null;

  constructor(table: TablePlan, isBackfill: boolean) {
    this.table = table;
    this.isBackfill = isBackfill;
  }
}

let serial = 0;

/** Reads a table's changes as events: none, one or, for an update of data and flags, two. */
export class EventReader {
  readonly #table: TablePlan;
  readonly #emit: (event: Event) => void;
  readonly #event: CurrentEvent;
  readonly #hidden: ColumnSet;
  readonly #hiddenBefore: ColumnSet;
  readonly #changed: ColumnSet;

  /** @param isBackfill what its events say of themselves */
  constructor(table: TablePlan, emit: (event: Event) => void, isBackfill = false) {
    const width = table.relation.columns.length;
    this.#table = table;
    this.#emit = emit;
    this.#event = new CurrentEvent(table, isBackfill);
    this.#hidden = new Uint8Array(width);
    this.#hiddenBefore = new Uint8Array(width);
    this.#changed = new Uint8Array(width);
  }

  read(change: Change): void {
    const event = this.#event;
    event.change = change;
    event.hidden = null;
    event.hiddenBefore = null;
    event.changed = null;
    switch (change.kind) {
      case 'insert':
        event.row = change.row;
        event.hidden = this.#hiddenIn(change.row, this.#hidden);
        return this.#send('data_insert');
      case 'update':
        return this.#update(change);
      case 'delete':
        event.row = change.old;
        event.hidden = this.#hiddenIn(change.old, this.#hidden);
        return this.#send('delete');
      case 'truncate':
        event.row = null;
        return this.#send('truncate');
    }
  }

  #update(change: Change): void {
    const event = this.#event;
    event.row = change.row;
    event.hidden = this.#hiddenIn(change.row, this.#hidden);
    event.hiddenBefore = this.#hiddenIn(change.old, this.#hiddenBefore);
    if (change.old === null || change.oldIsKey) {
      // The WAL does not tell what changed: a receiver must be told of every update, and of flips with it.
      return this.#send('data_update');
    }
    event.changed = this.#changed;
    const dataChanged = this.#compare(change);
    const flipped = this.#flipped();
    if (dataChanged) this.#send('data_update');
    if (flipped) this.#send('visibility_update');
  }

  /** Fills the set of columns whose change a receiver may see; true if there are any. */
  #compare(change: Change): boolean {
    const { row, old } = change;
    if (row === null || old === null) return false;
    const { flag } = this.#table;
    const { hidden } = this.#event;
    const changed = this.#changed;
    let any = false;
    for (let i = 0; i < changed.length; i++) {
      const differs = flag[i] === 0 && (hidden === null || hidden[i] === 0) && !sameValue(row, old, i);
      changed[i] = differs ? 1 : 0;
      if (differs) any = true;
    }
    return any;
  }

  /** True if a column became visible or hidden. */
  #flipped(): boolean {
    const { hidden, hiddenBefore } = this.#event;
    if (hidden === null && hiddenBefore === null) return false;
    for (let i = 0; i < this.#hidden.length; i++) {
      if ((hidden?.[i] ?? 0) !== (hiddenBefore?.[i] ?? 0)) return true;
    }
    return false;
  }

  #hiddenIn(tuple: Tuple | null, hidden: ColumnSet): ColumnSet | null {
    const { visibility } = this.#table;
    if (visibility === null || tuple === null) return null;
    return visibility.read(this.#event.change, tuple, hidden) ? hidden : null;
  }

  #send(operation: Operation): void {
    this.#event.operation = operation;
    this.#event.serial = ++serial;
    this.#emit(this.#event);
  }
}

function sameValue(a: Tuple, b: Tuple, column: number): boolean {
  const kind = a.kind[column];
  if (kind === UNCHANGED) return true;
  if (kind !== b.kind[column]) return false;
  if (kind !== TEXT) return true;
  const from = a.start[column]!;
  const length = a.end[column]! - from;
  const other = b.start[column]!;
  if (length !== b.end[column]! - other) return false;
  const left = a.bytes;
  const right = b.bytes;
  for (let i = 0; i < length; i++) {
    if (left[from + i] !== right[other + i]) return false;
  }
  return true;
}
