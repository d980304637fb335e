import { type AwaitedProducer, record } from './clients.ts';

/** Records at a time. */
const AT_ONCE = 50;

/** Produces 0, 1, 2… without a pause, to the partitions in turn. */
export class Load {
  readonly #producing: Promise<void>;
  #produced = 0;
  #over = false;
  #goal: { readonly count: number; readonly reached: () => void } | null = null;

  constructor(producer: AwaitedProducer, partitions: number) {
    this.#producing = this.#run(producer, partitions);
  }

  /** Resolves once the broker has that many more. */
  more(count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#goal = { count: this.#produced + count, reached: resolve };
    return promise;
  }

  /** Gives how many there are, once the broker has them all. */
  async stop(): Promise<number> {
    this.#over = true;
    await this.#producing;
    return this.#produced;
  }

  async #run(producer: AwaitedProducer, partitions: number): Promise<void> {
    while (!this.#over) {
      const from = this.#produced;
      await producer.produce(Array.from({ length: AT_ONCE }, (_, index) => record((from + index) % partitions, String(from + index))));
      this.#produced += AT_ONCE;
      if (this.#goal !== null && this.#produced >= this.#goal.count) this.#goal.reached();
    }
  }
}
