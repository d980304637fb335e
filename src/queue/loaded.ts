import type { Delivery } from '../delivery.ts';

/** Rows in a page at most. */
const PAGE = 500;
/** No more is read while so many rows are in memory. */
const ENOUGH = 500;

/**
 * The stored deliveries of an endpoint that are in memory: which they are, and how many more may be read, so that a
 * backlog takes no more memory than a few pages, however large its bodies are.
 */
export class Loaded {
  readonly #sizes = new Map<string, number>();
  /** No more is read while so many bytes are in memory; a page ends after as many. */
  readonly #enough: number;
  #bytes = 0;

  constructor(enough: number) {
    this.#enough = enough;
  }

  /** False while enough is in memory. */
  get hasRoom(): boolean {
    return this.#sizes.size < ENOUGH && this.#bytes < this.#enough;
  }

  /** How many rows a page may have. */
  get page(): number {
    return PAGE;
  }

  /** After how many bytes a page ends. */
  get pageBytes(): number {
    return this.#enough;
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
}
