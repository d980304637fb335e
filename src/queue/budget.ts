export interface BudgetLimits {
  /** Deliveries in memory. */
  readonly in_flight: number;
  /** Bytes in memory. */
  readonly memory: number;
}

/** Reading goes on once this part of the budget is free again. */
const RELIEF = 0.2;

/**
 * Counts what is in memory, over all endpoints, and says when reading must stop and may go on. Reading stops only
 * between reads of the socket, so the limits are passed by at most what one read brings.
 */
export class Budget {
  readonly #limits: BudgetLimits;
  readonly #onFull: () => void;
  readonly #onRelief: () => void;
  #deliveries = 0;
  #bytes = 0;
  #full = false;

  constructor(limits: BudgetLimits, onFull: () => void, onRelief: () => void) {
    this.#limits = limits;
    this.#onFull = onFull;
    this.#onRelief = onRelief;
  }

  get deliveries(): number {
    return this.#deliveries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get full(): boolean {
    return this.#full;
  }

  /** The part of the budget that so many deliveries of so many bytes take: by number or by bytes, whichever is more. */
  part(deliveries: number, bytes: number): number {
    return Math.max(deliveries / this.#limits.in_flight, bytes / this.#limits.memory);
  }

  add(bytes: number): void {
    this.#deliveries++;
    this.#bytes += bytes;
    if (this.#full || (this.#deliveries < this.#limits.in_flight && this.#bytes < this.#limits.memory)) return;
    this.#full = true;
    this.#onFull();
  }

  /** A delivery that is in memory takes so many bytes more, or fewer. */
  grow(bytes: number): void {
    this.#bytes += bytes;
  }

  remove(bytes: number): void {
    this.#deliveries--;
    this.#bytes -= bytes;
    if (!this.#full) return;
    const free = 1 - RELIEF;
    if (this.#deliveries > this.#limits.in_flight * free || this.#bytes > this.#limits.memory * free) return;
    this.#full = false;
    this.#onRelief();
  }
}
