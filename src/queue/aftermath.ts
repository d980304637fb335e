import type { EndpointConfig } from '../config.ts';
import type { Ending, Outcome } from '../outcome.ts';
import type { BlockedLanes } from './blocked-lanes.ts';
import type { Drain } from './drain.ts';
import type { Item } from './item.ts';
import type { Lanes } from './lanes.ts';
import type { Parker } from './parker.ts';
import { failureOf } from './port.ts';
import type { QueueEvents } from './queue-state.ts';
import { nextAttemptIn } from './retry.ts';
import type { Standing } from './standing.ts';
import type { Writer } from './writer.ts';

export type Failed = Extract<Outcome, { kind: 'failed' }>;

export interface AftermathOptions {
  readonly endpoint: Pick<EndpointConfig, 'name' | 'retry'>;
  readonly writer: Writer;
  readonly events: QueueEvents;
  readonly lanes: Lanes;
  readonly blocked: BlockedLanes;
  readonly parker: Parker;
  readonly drain: Drain;
  readonly standing: Pick<Standing, 'isActive'>;
  /** One more lane waits. */
  readonly onBlocked: () => void;
  /** A lane goes on, some time after its head's attempt has ended. */
  readonly onReleased: () => void;
}

/** What becomes of a delivery, and of its lane, once its attempt has ended. */
export class Aftermath {
  readonly #options: AftermathOptions;

  constructor(options: AftermathOptions) {
    this.#options = options;
  }

  /** It is delivered, or need not be. */
  over(item: Item, ending: Exclude<Ending, { kind: 'failed' }>): void {
    const { endpoint, events, parker, writer } = this.#options;
    item.ended = true;
    if (ending.kind === 'delivered') events.onOutcome(item.delivery, ending, 'delivered', item.attempts + 1);
    else events.onSkipped(item.delivery);
    if (item.ticket === null) writer.delivered(endpoint.name, item.delivery.id, () => parker.settle(item));
    else parker.settle(item);
    this.#release(item);
  }

  /** It is tried again when its retry schedule says so, or is dead. `luck`: what its jitter is made of, from 0 to 1; those of a request share it, so that they go together again. */
  failed(item: Item, outcome: Failed, { now, luck }: { readonly now: number; readonly luck: number }): void {
    const dueIn = this.#dueIn(outcome, item.attempts + 1, luck);
    if (dueIn === null) this.#bury(item, outcome);
    else this.#park(item, outcome, { now, dueIn });
  }

  /** It was refused with others, and may not be the reason: it is tried at once, by itself. */
  refusedTogether(item: Item, outcome: Failed, now: number): void {
    this.#park(item, outcome, { now, dueIn: 0 });
  }

  /** It was not sent after all, and nothing is now: it waits in the store. */
  setAside(item: Item): void {
    const { blocked, drain, lanes, parker, onBlocked } = this.#options;
    const followers = lanes.drop(item);
    blocked.wait(item.delivery.lane, performance.now());
    parker.setAside([item, ...followers]);
    onBlocked();
    drain.wake();
  }

  #bury(item: Item, outcome: Failed): void {
    const { endpoint, events, parker, writer, onReleased } = this.#options;
    const { delivery, rendered } = item;
    const attempts = item.attempts + 1;
    const failure = failureOf(outcome);
    item.ended = true;
    events.onOutcome(delivery, outcome, 'dead', attempts);
    // Its lane goes on only once the death is durable: after a crash it must not be sent behind its followers.
    const done = (): void => {
      parker.settle(item);
      this.#release(item);
      onReleased();
    };
    if (item.ticket === null) writer.dead(endpoint.name, { id: delivery.id, attempts, failure, rendered }, done);
    else writer.bury({ delivery, attempts, failure }, done);
  }

  #park(item: Item, outcome: Failed, { now, dueIn }: { readonly now: number; readonly dueIn: number }): void {
    const { blocked, drain, endpoint, events, lanes, parker, writer, onBlocked } = this.#options;
    const { delivery, rendered } = item;
    const attempts = item.attempts + 1;
    const failure = failureOf(outcome);
    events.onOutcome(delivery, outcome, 'parked', attempts);
    const followers = lanes.drop(item);
    // Those that were sent with it come after it: of them, nothing is told.
    for (const one of [item, ...followers]) one.ended = true;
    blocked.wait(delivery.lane, now + dueIn);
    const done = (): void => parker.settle(item);
    if (item.ticket === null) writer.failed(endpoint.name, { id: delivery.id, attempts, failure, dueIn, rendered }, done);
    else writer.park({ delivery, attempts, failure, dueIn }, done);
    parker.setAside(followers);
    onBlocked();
    drain.wake();
  }

  /** Milliseconds until the next attempt; null if there is none. An endpoint that is not sent to loses no delivery. */
  #dueIn({ verdict, retryAfter }: Failed, attempts: number, luck: number): number | null {
    const { endpoint, standing } = this.#options;
    if (verdict === 'dead') return null;
    if (verdict === 'disable' || !standing.isActive) return 0;
    return nextAttemptIn(endpoint.retry, attempts, retryAfter, luck);
  }

  #release(item: Item): void {
    const { blocked, drain, lanes } = this.#options;
    const { lane } = item.delivery;
    const isEmpty = lanes.release(item);
    // Its lane has, or may have, rows in the store that come next.
    if (isEmpty && blocked.isBusy(lane)) {
      blocked.wait(lane, performance.now());
      drain.wake();
    }
  }
}
