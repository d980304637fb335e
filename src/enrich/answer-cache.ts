/** Answers that a query keeps at most, and the size of their JSON, in UTF-16 units. */
const MOST_ANSWERS = 10_000;
const MOST_TEXT = 16 * 1024 * 1024;

interface Kept {
  readonly value: unknown;
  readonly size: number;
  /** Of the cache's clock. */
  readonly until: number;
}

/** What one query found, for a while; the oldest answers go first. */
export class AnswerCache {
  readonly #ttl: number;
  readonly #answers = new Map<string, Kept>();
  #size = 0;
  #age = 0;

  /** @param ttl milliseconds */
  constructor(ttl: number) {
    this.#ttl = ttl;
  }

  /** Counts what has been dropped: to be asked for before the database is, and handed to `put` with the answer. */
  get age(): number {
    return this.#age;
  }

  /** @param now milliseconds of a clock that does not step */
  get(key: string, now: number): { readonly value: unknown } | null {
    const kept = this.#answers.get(key);
    if (kept === undefined) return null;
    if (now < kept.until) return kept;
    this.#remove(key, kept);
    return null;
  }

  /** Does nothing if what it was read from has changed since: see `age`. */
  put(key: string, { value, size }: { readonly value: unknown; readonly size: number }, { age, now }: { readonly age: number; readonly now: number }): void {
    if (age !== this.#age) return;
    const before = this.#answers.get(key);
    if (before !== undefined) this.#remove(key, before);
    // The question is kept too.
    const kept = { value, size: size + key.length, until: now + this.#ttl };
    this.#answers.set(key, kept);
    this.#size += kept.size;
    for (const [oldest, other] of this.#answers) {
      if (this.#answers.size <= MOST_ANSWERS && this.#size <= MOST_TEXT) break;
      this.#remove(oldest, other);
    }
  }

  /** Something that the query reads has changed. */
  drop(): void {
    this.#age++;
    this.#answers.clear();
    this.#size = 0;
  }

  #remove(key: string, { size }: Kept): void {
    this.#answers.delete(key);
    this.#size -= size;
  }
}
