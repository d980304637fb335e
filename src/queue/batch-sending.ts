import type { BatchConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import { isRefusal, type Outcome } from '../outcome.ts';
import type { Item } from './item.ts';
import type { BatchAttempt, BatchWatch } from './port.ts';
import type { Sending, SendingOptions } from './sending.ts';

/** More deliveries than this are not remembered as refused: they are in batches again, which may be refused again. */
const MOST_ALONE = 20_000;

export interface BatchSendingOptions extends SendingOptions {
  readonly limits: BatchConfig;
  readonly attempt: BatchAttempt;
  /** Takes what a request came to that had these items. `apart`: the endpoint refused them together, and is asked about each alone. */
  readonly finishAll: (items: readonly Item[], outcome: Outcome, apart: boolean) => void;
  /** There is something to send, since it has waited for others long enough. */
  readonly onDue: () => void;
}

/** Several deliveries in a request. Fewer than `size` wait for others, for as long as `linger` says. */
export class BatchSending implements Sending {
  readonly #options: BatchSendingOptions;
  /** Ids of deliveries that were refused together with others: one of them may be the reason. */
  readonly #alone = new Set<string>();
  #lingering: NodeJS.Timeout | null = null;
  /** What waits has waited long enough. */
  #isDue = false;

  constructor(options: BatchSendingOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    const { lanes, limits, onDue } = this.#options;
    if (lanes.ready === 0) return false;
    if (this.#isDue || limits.linger === 0 || lanes.waiting >= limits.size) return true;
    this.#lingering ??= setTimeout(() => {
      this.#lingering = null;
      this.#isDue = true;
      onDue();
    }, limits.linger);
    return false;
  }

  send(over: () => void): boolean {
    if (!this.isReady) return false;
    const { lanes, limits, attempt } = this.#options;
    this.#isDue = false;
    const items = lanes.takeBatch({ ...limits, isAlone: (delivery) => this.#isAlone(delivery) });
    attempt(
      items.map(({ delivery }) => delivery),
      this.#watch(items, over),
    );
    return true;
  }

  stop(): void {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
  }

  #watch(items: readonly Item[], over: () => void): BatchWatch {
    const { finish, finishAll, render } = this.#options;
    const at = (index: number): Item => {
      const item = items[index];
      if (item === undefined) throw new RangeError(`there is no delivery ${index} in the batch`);
      return item;
    };
    return {
      ended: (index, ending) => finish(at(index), ending),
      rendered: (index, made) => render(at(index), made),
      answered: (indexes, outcome) => {
        const sent = indexes.map(at);
        const apart = sent.length > 1 && isRefusal(outcome);
        this.#remember(sent, apart);
        finishAll(sent, outcome, apart);
      },
      over,
    };
  }

  #isAlone({ id }: Delivery): boolean {
    return this.#alone.size > 0 && this.#alone.has(id);
  }

  #remember(items: readonly Item[], apart: boolean): void {
    if (!apart && this.#alone.size === 0) return;
    if (this.#alone.size > MOST_ALONE) this.#alone.clear();
    for (const { delivery } of items) {
      if (apart) this.#alone.add(delivery.id);
      else this.#alone.delete(delivery.id);
    }
  }
}
