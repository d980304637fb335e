import type { Delivery } from '../delivery.ts';

/** Rows in a page: at first, as nobody knows how large they are, and at most. */
const FIRST_PAGE = 50;
const LARGEST_PAGE = 500;
/** A page grows so much at a time. */
const GROWTH = 4;
/** Bytes that a page should not pass. */
const PAGE_BYTES = 8 * 1024 * 1024;
/** No more is read while so many rows, or so many bytes, are in memory. */
const ENOUGH = 500;
const ENOUGH_BYTES = 8 * 1024 * 1024;

/**
 * The stored deliveries of an endpoint that are in memory: which they are, and how many more may be read, so that a
 * backlog takes no more memory than a few pages, however large its bodies are.
 */
export class Loaded {
  readonly #sizes = new Map<string, number>();
  #bytes = 0;
  #page = FIRST_PAGE;

  /** False while enough is in memory. */
  get hasRoom(): boolean {
    return this.#sizes.size < ENOUGH && this.#bytes < ENOUGH_BYTES;
  }

  /** How many rows the next page may have. */
  get page(): number {
    return this.#page;
  }

  has(id: string): boolean {
    return this.#sizes.has(id);
  }

  add(delivery: Delivery): void {
    this.#sizes.set(delivery.id, delivery.bytes);
    this.#bytes += delivery.bytes;
  }

  remove(id: string): void {
    this.#bytes -= this.#sizes.get(id) ?? 0;
    this.#sizes.delete(id);
  }

  /** Fits the next page to what the last one held. */
  measure(rows: readonly { readonly delivery: Delivery }[]): void {
    if (rows.length === 0) return;
    const largest = rows.reduce((most, { delivery }) => Math.max(most, delivery.bytes), 1);
    const fitting = Math.max(1, Math.floor(PAGE_BYTES / largest));
    this.#page = Math.min(fitting, this.#page * GROWTH, LARGEST_PAGE);
  }
}
