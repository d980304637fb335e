import type { EndpointConfig } from '../config.ts';
import type { CompletionRate } from './completion-rate.ts';
import type { QueueEvents } from './queue-state.ts';

/** With fewer ready than this there is more to read. */
const ENOUGH = 500;
/** What is ready will be sent within this time, in milliseconds; longer than this nobody waits for an endpoint that is well. */
const SOON = 200;

/**
 * Lets reading rest while an endpoint that is well has plenty to send. What waits in memory for longer than it must only makes garbage
 * collection dear: each delivery is copied at every turn of it. An endpoint that would take longer over what it has rests nobody:
 * the others must get theirs meanwhile.
 */
export class ReadAhead {
  readonly #endpoint: Pick<EndpointConfig, 'name' | 'batch'>;
  readonly #events: Pick<QueueEvents, 'onEnough' | 'onMore'>;
  readonly #enough: number;
  #resting: NodeJS.Timeout | null = null;

  constructor(endpoint: Pick<EndpointConfig, 'name' | 'batch'>, events: Pick<QueueEvents, 'onEnough' | 'onMore'>) {
    this.#endpoint = endpoint;
    this.#events = events;
    this.#enough = ENOUGH + 4 * (endpoint.batch?.size ?? 1);
  }

  /** One more is ready, of an endpoint that completes so many. */
  grown(ready: number, rate: Pick<CompletionRate, 'perSecond'>): void {
    if (ready < this.#enough || this.#resting !== null) return;
    if (ready > (rate.perSecond(performance.now()) * SOON) / 1000) return;
    this.#resting = setTimeout(() => this.#goOn(), SOON);
    this.#events.onEnough(this.#endpoint.name);
  }

  /** Fewer may be ready. */
  shrunk(ready: number): void {
    if (this.#resting !== null && ready < this.#enough / 2) this.#goOn();
  }

  stop(): void {
    if (this.#resting !== null) clearTimeout(this.#resting);
    this.#resting = null;
  }

  #goOn(): void {
    this.stop();
    this.#events.onMore(this.#endpoint.name);
  }
}
