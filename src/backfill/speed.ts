/** A rate is that of this time, in milliseconds. */
const LATELY = 10_000;

/** Rows a second of late, and the time that is left by it. Times of performance.now(). */
export class Speed {
  /** When so many rows had been done: the oldest first. */
  #samples: { readonly at: number; readonly rows: number }[] = [];

  /** @param rows all that are done by now */
  sample(rows: number, now: number): void {
    this.#samples.push({ at: now, rows });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? now) < now - LATELY) this.#samples.shift();
  }

  /** It does not run: what follows begins anew. */
  rest(): void {
    this.#samples = [];
  }

  /** Null if nothing is known yet. */
  perSecond(now: number): number | null {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.rows === first.rows) return null;
    return (1000 * (last.rows - first.rows)) / Math.max(1, now - first.at);
  }
}

/**
 * How many rows there are in all, as far as can be told.
 *
 * @param estimate the planner's, or what came of it so far; null: nothing is known
 */
export function estimated(estimate: number | null, { done, isLast }: { readonly done: number; readonly isLast: boolean }): number | null {
  if (isLast) return done;
  if (estimate === null) return null;
  // There are more than it thought: how many, it cannot say.
  return estimate > done ? estimate : Math.ceil(done * 1.1);
}
