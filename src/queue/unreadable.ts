import type { Sequence } from '../delivery.ts';
import { WalhookError } from '../errors.ts';

/** What was read, or could not be: see `ParkingStore.page`. */
export interface ReadPage {
  readonly lanes: readonly number[] | null;
  readonly after: Sequence | null;
}

/**
 * Which of an endpoint's parked deliveries cannot be read back, such as one that was changed in the database. Each error is told
 * once, however often it is met, until what it was met in has been read. An outage of the store is not of that kind: the writer
 * tells of it.
 */
export class Unreadable {
  readonly #tell: (error: Error | null) => void;
  readonly #told = new Set<string>();
  readonly #lanes = new Set<number>();
  /** Of the scan over all lanes that failed; undefined if none did. */
  #after: Sequence | null | undefined;

  /** @param tell is given each new error, and null once all can be read again */
  constructor(tell: (error: Error | null) => void) {
    this.#tell = tell;
  }

  failed({ lanes, after }: ReadPage, error: unknown): void {
    if (error instanceof WalhookError && error.reaction === 'retry') return;
    if (lanes === null) this.#after = after;
    else for (const lane of lanes) this.#lanes.add(lane);
    const told = error instanceof Error ? error : new Error(String(error));
    if (this.#told.has(told.message)) return;
    this.#told.add(told.message);
    this.#tell(told);
  }

  /** @param isAll false if there may be more than the page had room for */
  read({ lanes, after }: ReadPage, isAll: boolean): void {
    if (this.#told.size === 0) return;
    if (lanes === null) {
      if (isAll || isSame(after, this.#after)) this.#after = undefined;
    } else if (isAll || lanes.every((lane) => this.#lanes.has(lane))) {
      // Besides lanes that did not fail, the page may have had no room for what did.
      for (const lane of lanes) this.#lanes.delete(lane);
    }
    if (this.#lanes.size > 0 || this.#after !== undefined) return;
    this.#told.clear();
    this.#tell(null);
  }
}

function isSame(a: Sequence | null, b: Sequence | null | undefined): boolean {
  if (a === null || b === null || b === undefined) return a === b;
  return a.commitLsn === b.commitLsn && a.ordinal === b.ordinal && a.nth === b.nth;
}
