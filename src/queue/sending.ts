import type { Ending } from '../outcome.ts';
import type { Item } from './item.ts';
import type { Lanes } from './lanes.ts';
import type { Attempt, Rendered } from './port.ts';

/** Sends what is next in an endpoint's lanes, one request at a call. */
export interface Sending {
  /** True if there is something to send now. */
  readonly isReady: boolean;
  /** Sends it; false if there is nothing. `over` is called once, never within the call, when the request has ended and all is told of it. */
  send(over: () => void): boolean;
  /** Wakes nobody any more. */
  stop(): void;
}

export interface SendingOptions {
  readonly lanes: Lanes;
  /** What is about to be sent of an item that was a draft. False if it must not be sent any more. */
  readonly render: (item: Item, rendered: Rendered) => boolean;
  /** Takes what became of an item by itself. */
  readonly finish: (item: Item, ending: Ending) => void;
}

/** Each delivery in a request of its own. */
export class SingleSending implements Sending {
  readonly #options: SendingOptions & { readonly attempt: Attempt };

  constructor(options: SendingOptions & { readonly attempt: Attempt }) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#options.lanes.ready > 0;
  }

  send(over: () => void): boolean {
    const { lanes, attempt, render, finish } = this.#options;
    const item = lanes.take();
    if (item === null) return false;
    const done = (ending: Ending): void => {
      finish(item, ending);
      over();
    };
    attempt(item.delivery, done, (rendered) => render(item, rendered));
    return true;
  }

  stop(): void {
    // It waits for nothing.
  }
}
