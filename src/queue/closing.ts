/** When a queue that closes gives up on what is left: first on what waits, then on what is being sent. */
export interface CloseSignals {
  readonly spill: AbortSignal;
  readonly abandon: AbortSignal;
}

export interface ClosingOptions extends CloseSignals {
  /** Parks what waits. */
  readonly onSpill: () => void;
  /** Parks what is being sent. */
  readonly onAbandon: () => void;
}

/** Waits until a queue that takes nothing more has nothing left that is not durable. */
export class Closing {
  readonly #options: ClosingOptions;
  readonly #over = Promise.withResolvers<void>();
  #abandoned = false;

  constructor(options: ClosingOptions) {
    this.#options = options;
  }

  /** What is being sent is not waited for any more. */
  get isAbandoned(): boolean {
    return this.#abandoned;
  }

  /** Resolves once nothing is in flight and nothing is being sent; after `abandon`, what is being sent is not waited for. */
  async run(): Promise<void> {
    const { spill, abandon, onSpill, onAbandon } = this.#options;
    whenAborted(spill, onSpill);
    whenAborted(abandon, () => {
      this.#abandoned = true;
      onAbandon();
    });
    await this.#over.promise;
  }

  /** Called whenever one of the two may have become 0. */
  look(inFlight: number, inMemory: number): void {
    if (inFlight === 0 && (this.#abandoned || inMemory === 0)) this.#over.resolve();
  }
}

function whenAborted(signal: AbortSignal, then: () => void): void {
  if (signal.aborted) then();
  else signal.addEventListener('abort', then, { once: true });
}
