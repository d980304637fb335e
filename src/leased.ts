/** How often it is looked whether attempts that rest may go on, in milliseconds. */
const LOOK = 100;

/** Of what may be sent for a time: both by performance.now(), and put off again and again. See Assignment. */
export interface Lease {
  readonly leaseUntil: number;
  readonly restFrom: number;
}

export interface LeasedOptions {
  readonly lease: Lease;
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
  attempt<Given extends readonly unknown[]>(send: (...given: Given) => void): (...given: Given) => void {
    return (...given) => {
      if (performance.now() < this.#options.lease.restFrom) send(...given);
      else this.#rest(() => send(...given));
    };
  }

  /** What rests is not made any more. */
  stop(): void {
    this.#resting = [];
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #rest(make: () => void): void {
    const { lease, onOver } = this.#options;
    if (performance.now() >= lease.leaseUntil) return onOver();
    this.#resting.push(make);
    this.#timer ??= setInterval(() => this.#look(), LOOK);
  }

  #look(): void {
    const { lease: { restFrom, leaseUntil }, onOver } = this.#options;
    const now = performance.now();
    if (now >= restFrom && now < leaseUntil) return;
    const waiting = this.#resting;
    this.stop();
    if (now >= leaseUntil) onOver();
    else for (const make of waiting) make();
  }
}
