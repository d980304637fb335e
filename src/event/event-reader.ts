import { type Change, type ChangeKind, type Told, type Tuple, TEXT, UNCHANGED } from '../change.ts';
import type { ColumnSet, Event, Operation } from '../event.ts';
import type { TablePlan } from './watched-table.ts';

const OPERATIONS: Readonly<Record<ChangeKind, Operation>> = { insert: 'data_insert', update: 'data_update', delete: 'delete', truncate: 'truncate' };

/** The one event object of a table, filled anew for each event. */
class CurrentEvent implements Event {
  readonly table: TablePlan;
  operation: Operation = 'data_insert';
  isBackfill: boolean;
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
  readonly #isBackfill: boolean;
  readonly #hidden: ColumnSet;
  readonly #hiddenBefore: ColumnSet;
  readonly #changed: ColumnSet;

  /** @param isBackfill what its events say of themselves */
  constructor(table: TablePlan, emit: (event: Event) => void, isBackfill = false) {
    const width = table.relation.columns.length;
    this.#table = table;
    this.#emit = emit;
    this.#isBackfill = isBackfill;
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
    if (change.told) return this.#told(change, change.told);
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

  /** An event that was made elsewhere: it is the same here, less what is hidden here besides. */
  #told(change: Change, { changed, hidden, isBackfill, isVisibilityUpdate }: Told): void {
    const event = this.#event;
    event.row = change.kind === 'delete' ? change.old : change.row;
    event.hidden = union(this.#hiddenIn(event.row, this.#hidden), hidden);
    if (change.kind === 'update') {
      event.hiddenBefore = this.#hiddenIn(change.old, this.#hiddenBefore);
      event.changed = changed === null ? null : this.#seen(changed, event.hidden);
      // All that changed is hidden here.
      if (!isVisibilityUpdate && changed?.includes(1) === true && event.changed?.includes(1) === false) return;
      if (isVisibilityUpdate) event.hiddenBefore = this.#flips(change, event);
    }
    event.isBackfill = isBackfill;
    this.#send(isVisibilityUpdate ? 'visibility_update' : OPERATIONS[change.kind]);
    event.isBackfill = this.#isBackfill;
  }

  /** Those of `changed` that a receiver may see. */
  #seen(changed: ColumnSet, hidden: ColumnSet | null): ColumnSet {
    const { flag } = this.#table;
    for (let i = 0; i < changed.length; i++) this.#changed[i] = changed[i] === 1 && flag[i] === 0 && (hidden === null || hidden[i] === 0) ? 1 : 0;
    return this.#changed;
  }

  /** Which column became visible or hidden is not told: each may have, but those whose values before are known. */
  #flips({ old }: Change, { hidden, hiddenBefore }: Pick<Event, 'hidden' | 'hiddenBefore'>): ColumnSet {
    const before = this.#hiddenBefore;
    for (let i = 0; i < before.length; i++) {
      const isKnown = hidden?.[i] === 1 || old?.kind[i] === TEXT;
      before[i] = hiddenBefore?.[i] === 1 || !isKnown ? 1 : 0;
    }
    return before;
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

/** What either hides. May fill the first. */
function union(a: ColumnSet | null, b: ColumnSet | null): ColumnSet | null {
  if (a === null || b === null) return a ?? b;
  for (let i = 0; i < a.length; i++) if (b[i] === 1) a[i] = 1;
  return a;
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
