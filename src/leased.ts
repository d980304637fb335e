import type { Sender } from './deliver/sender.ts';
import type { Assignment } from './engine/port.ts';

/** How often it is looked whether attempts that rest may go on, in milliseconds. */
const LOOK = 100;

export interface LeasedOptions {
  readonly assignment: Pick<Assignment, 'leaseUntil' | 'restFrom'>;
  /** The lease is over, and there was something to send. */
  readonly onOver: () => void;
}

/**
 * Attempts of what is leased: they rest while the group does not answer, for what is sent then may not be committed, and would come again;
 * and none is made once the lease is over, for another worker may make it.
 */
export class Leased {
  readonly #options: LeasedOptions;
  #resting: (() => void)[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(options: LeasedOptions) {
    this.#options = options;
  }

  /** True while something waits for the group's answer. */
  get isResting(): boolean {
    return this.#resting.length > 0;
  }

  /** One that may not be made is not passed on. */
  attempt(send: Sender['attempt']): Sender['attempt'] {
    return (delivery, done) => this.#begin(() => send(delivery, done));
  }

  /** What rests is not made any more. */
  stop(): void {
    this.#resting = [];
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #begin(make: () => void): void {
    const { assignment, onOver } = this.#options;
    const now = performance.now();
    if (now < assignment.restFrom) return make();
    if (now >= assignment.leaseUntil) return onOver();
    this.#resting.push(make);
    this.#timer ??= setInterval(() => this.#look(), LOOK);
  }

  #look(): void {
    if (performance.now() >= this.#options.assignment.restFrom && performance.now() < this.#options.assignment.leaseUntil) return;
    const waiting = this.#resting;
    this.stop();
    for (const make of waiting) this.#begin(make);
  }
}
