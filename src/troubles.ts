/** What is wrong at present, a sentence each. A trouble is news when it begins and when it is over, not in between. */
export class Troubles {
  readonly #sentences = new Map<string, string>();

  get sentences(): string[] {
    return [...this.#sentences.values()];
  }

  /** True if there was no such trouble before. */
  begin(name: string, sentence: string): boolean {
    const isNew = !this.#sentences.has(name);
    this.#sentences.set(name, sentence);
    return isNew;
  }

  /** True if there was such a trouble. */
  end(name: string): boolean {
    return this.#sentences.delete(name);
  }
}
