import type { BatchConfig } from '../config.ts';
import { type Delivery, isJson } from '../delivery.ts';
import { isRefusal, type Outcome } from '../outcome.ts';
import type { Item } from './item.ts';
import type { BatchAttempt, BatchWatch } from './port.ts';
import type { Sending, SendingOptions } from './sending.ts';

/** More deliveries than this are not remembered as refused: they are in batches again, which may be refused again. */
const MOST_REFUSED = 20_000;

export interface BatchSendingOptions extends SendingOptions {
  readonly limits: BatchConfig;
  readonly attempt: BatchAttempt;
  /** Takes what a request came to that had these items. `apart`: the endpoint refused them together, and is asked about each alone. */
  readonly finishAll: (items: readonly Item[], outcome: Outcome, apart: boolean) => void;
  /** Takes items that were to go with others and could not, now that their requests are made. */
  readonly putBack: (items: readonly Item[]) => void;
  /** False if nothing more comes before what waits is sent: then it waits for nothing. */
  readonly mayWait: () => boolean;
  /** There is something to send, besides what is being sent. */
  readonly onDue: () => void;
}

/** Several deliveries in a request. Fewer than `size` wait for others, for as long as `linger` says. */
export class BatchSending implements Sending {
  readonly #options: BatchSendingOptions;
  /** Ids of deliveries that were refused, alone or with others: one of those may be the reason. They go alone. */
  readonly #refused = new Set<string>();
  #lingering: NodeJS.Timeout | null = null;
  /** Heads up to this turn have waited for others long enough. */
  #due = 0;
  #isStopped = false;

  constructor(options: BatchSendingOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    const { lanes, limits, mayWait, onDue } = this.#options;
    const { oldest } = lanes;
    if (oldest === null || this.#isStopped) return false;
    if (limits.linger === 0 || oldest.turn <= this.#due || this.#isAlone(oldest.delivery) || lanes.hasReady(limits.size) || !mayWait()) return true;
    this.#lingering ??= setTimeout(() => {
      this.#lingering = null;
      this.#due = lanes.heads;
      onDue();
    }, limits.linger);
    return false;
  }

  send(over: () => void): boolean {
    if (!this.isReady) return false;
    const { lanes, limits, attempt, onDue } = this.#options;
    const items = lanes.takeBatch({ ...limits, isAlone: (delivery) => this.#isAlone(delivery) });
    attempt(
      items.map(({ delivery }) => delivery),
      this.#watch(items, over),
    );
    // What did not fit in need not wait for the answer; the pace is told of this request first.
    if (this.isReady) queueMicrotask(onDue);
    return true;
  }

  stop(): void {
    this.#isStopped = true;
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = null;
  }

  #watch(items: readonly Item[], over: () => void): BatchWatch {
    const { finish, finishAll, lanes, onDue, putBack, render } = this.#options;
    const at = (index: number): Item => {
      const item = items[index];
      if (item === undefined) throw new RangeError(`there is no delivery ${index} in the batch`);
      return item;
    };
    return {
      ended: (index, ending) => finish(at(index), ending),
      rendered: (index, made) => render(at(index), made),
      left: (indexes) => {
        putBack(indexes.map(at));
        this.#due = lanes.heads;
        onDue();
      },
      answered: (indexes, outcome) => {
        const sent = indexes.map(at);
        this.#remember(sent, outcome);
        finishAll(sent, outcome, sent.length > 1 && isRefusal(outcome));
      },
      over,
    };
  }

  /** True for one that has no company, and so need not wait for any. */
  #isAlone({ id, request }: Delivery): boolean {
    return !isJson(request) || (this.#refused.size > 0 && this.#refused.has(id));
  }

  /** Whoever was refused is until it is delivered, or can never be. */
  #remember(items: readonly Item[], outcome: Outcome): void {
    const isRefused = isRefusal(outcome);
    if (!isRefused && (this.#refused.size === 0 || outcome.kind === 'failed')) return;
    if (this.#refused.size > MOST_REFUSED) this.#refused.clear();
    const isOver = items.length === 1 && outcome.kind === 'failed' && outcome.verdict === 'dead';
    for (const { delivery } of items) {
      if (isRefused && !isOver) this.#refused.add(delivery.id);
      else this.#refused.delete(delivery.id);
    }
  }
}
