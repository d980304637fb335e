import type { Lsn } from '../lsn.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import type { Tail } from './tail.ts';

export interface FollowerOptions {
  /** Makes the next connection: it starts where the last one ended. */
  readonly connect: () => Tail;
  /** Turns an error into one for an operator, which says whether trying again can help. */
  readonly explain: (error: unknown) => Promise<Error & { readonly reaction: 'retry' | 'stop' }>;
  readonly onReconnect: (error: Error, delay: number) => void;
}

/** Follows the stream over as many connections as it takes. */
export class Follower {
  readonly #options: FollowerOptions;
  #tail: Tail | null = null;
  #failures = 0;
  #paused = false;
  #halted = false;
  #wait: { readonly timer: NodeJS.Timeout; readonly over: () => void } | null = null;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  /** Resolves after `stop`, or if the connection breaks after `halt`; rejects when trying again cannot help. */
  async run(): Promise<void> {
    while (!this.#halted) {
      try {
        this.#tail = this.#options.connect();
        if (this.#paused) this.#tail.pause();
        await this.#tail.run();
      } catch (thrown) {
        if (this.#halted) return;
        const error = await this.#options.explain(thrown);
        if (this.#halted) return;
        if (error.reaction === 'stop') throw error;
        this.#failures++;
        const delay = reconnectDelay(this.#failures, Math.random());
        this.#options.onReconnect(error, delay);
        await this.#sleep(delay);
      }
    }
  }

  /** The stream has begun: the next failure is the first again. */
  started(): void {
    this.#failures = 0;
  }

  pause(): void {
    this.#paused = true;
    this.#tail?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#tail?.resume();
  }

  confirm(lsn: Lsn): void {
    this.#tail?.confirm(lsn);
  }

  /** Gives up the connection, and makes another. */
  interrupt(reason: Error): void {
    this.#tail?.interrupt(reason);
  }

  /** Takes nothing more, for good; status reports go on until `stop`, so that what is still delivered can be confirmed. */
  halt(): void {
    this.#halted = true;
    this.#tail?.halt();
    if (this.#wait === null) return;
    clearTimeout(this.#wait.timer);
    this.#wait.over();
  }

  async stop(): Promise<void> {
    this.halt();
    await this.#tail?.stop();
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const over = (): void => {
        this.#wait = null;
        resolve();
      };
      this.#wait = { timer: setTimeout(over, ms), over };
    });
  }
}
