/** What was sent late is made up for, up to so much, in milliseconds: timers are no finer. */
const SLACK = 10;

/** Spaces requests evenly, so that no second has more than its share. Time is monotonic, in milliseconds. */
export class Pace {
  /** Between two requests; 0 for no limit. */
  readonly #spacing: number;
  #next = Number.NEGATIVE_INFINITY;

  /** `perSecond`: null for no limit. */
  constructor(perSecond: number | null) {
    this.#spacing = perSecond === null ? 0 : 1000 / perSecond;
  }

  /** How long the next request must wait; 0 if it may go now. */
  wait(now: number): number {
    return this.#spacing === 0 ? 0 : Math.max(0, this.#next - now);
  }

  /** A request goes now. */
  sent(now: number): void {
    this.#next = Math.max(this.#next, now - SLACK) + this.#spacing;
  }
}
