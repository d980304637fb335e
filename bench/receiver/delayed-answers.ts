/** Timers fire on the millisecond or after it: what is due within half of one is answered now, so that the mean is kept. */
const EARLY = 0.5;

interface Waiting {
  readonly since: number;
  readonly answer: () => void;
}

/** Answers in the order in which they were asked for, each `delay` milliseconds after that. One timer, however many wait. */
export class DelayedAnswers {
  delay = 0;
  #waiting: Waiting[] = [];
  #next = 0;
  #timer: NodeJS.Timeout | null = null;
  #answered = 0;
  #waited = 0;

  /** Calls `answer` after the delay; at once if there is none. */
  after(answer: () => void): void {
    if (this.delay === 0) {
      answer();
      return;
    }
    this.#waiting.push({ since: performance.now(), answer });
    if (this.#timer === null) this.#timer = setTimeout(this.#sweep, 1);
  }

  /** The mean of how long answers took since this was asked last, in milliseconds. */
  takeMean(): number {
    const mean = this.#answered === 0 ? 0 : this.#waited / this.#answered;
    this.#answered = 0;
    this.#waited = 0;
    return mean;
  }

  readonly #sweep = (): void => {
    const now = performance.now();
    for (;;) {
      const first = this.#waiting[this.#next];
      if (first === undefined || first.since + this.delay > now + EARLY) break;
      this.#next++;
      this.#answered++;
      this.#waited += performance.now() - first.since;
      first.answer();
    }
    if (this.#next > 1_000) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    this.#timer = this.#waiting.length > this.#next ? setTimeout(this.#sweep, 1) : null;
  };
}
