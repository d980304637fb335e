/** Numbers for names that come again and again: hooks, endpoints, tables. */
export class Names {
  readonly #most: number;
  readonly #numbers = new Map<string, number>();
  readonly #names: string[] = [];

  /** Beyond `most` names, which no configuration has, further ones are all `…`. */
  constructor(most = 65_535) {
    this.#most = most;
  }

  numberOf(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= this.#most) return this.#most;
    const number = this.#names.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }

  /** Null if it has none. */
  find(name: string): number | null {
    return this.#numbers.get(name) ?? null;
  }

  nameOf(number: number): string {
    return this.#names[number] ?? '…';
  }
}
