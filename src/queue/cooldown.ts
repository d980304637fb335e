import type { Delivery } from '../delivery.ts';
import type { Operation } from '../event.ts';
import type { Ending, Outcome } from '../outcome.ts';
import type { Attempt, Claim, ClaimStore } from './port.ts';

/** How many attempts ask in one statement at most. */
const BATCH = 1_000;

/** What tells a receiver to forget: never left out, and no reason to leave out what follows. */
const ALWAYS: ReadonlySet<string> = new Set<Operation>(['visibility_update', 'delete']);

interface Waiting {
  readonly claim: Claim;
  readonly granted: () => void;
  readonly done: (ending: Ending) => void;
}

export interface CooldownOptions {
  readonly store: ClaimStore;
  /** Milliseconds, by the names of hooks that have one. */
  readonly hooks: ReadonlyMap<string, number>;
}

/**
 * Lets one delivery of a row through in the time that its hook's `cooldown` says. Decided when a delivery is attempted, by the
 * commit times of the events alone, and durable before anything is sent: what was let through once is let through at every retry,
 * after a crash too.
 */
export class Cooldown {
  readonly #options: CooldownOptions;
  #waiting: Waiting[] = [];
  #isAsking = false;

  constructor(options: CooldownOptions) {
    this.#options = options;
  }

  /** Attempts that are let through first; the others end as `skipped`. */
  attempt(send: Attempt): Attempt {
    if (this.#options.hooks.size === 0) return send;
    return (delivery, done, rendered) => {
      const claim = this.#claimOf(delivery);
      if (claim === null) return send(delivery, done, rendered);
      this.#waiting.push({ claim, granted: () => send(delivery, done, rendered), done });
      if (this.#isAsking) return;
      this.#isAsking = true;
      // What is attempted in the same turn of the event loop asks with it.
      setImmediate(() => void this.#ask());
    };
  }

  #claimOf({ id, row, request: { hook, endpoint }, operation, committedAt }: Delivery): Claim | null {
    const cooldown = this.#options.hooks.get(hook);
    return cooldown === undefined || row === undefined || ALWAYS.has(operation) ? null : { hook, endpoint, row, id, committedAt, until: committedAt + cooldown };
  }

  async #ask(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      const began = performance.now();
      try {
        const granted = await this.#options.store.claim(batch.map(({ claim }) => claim));
        for (const [i, one] of batch.entries()) {
          if (granted[i] === true) one.granted();
          else one.done({ kind: 'skipped' });
        }
      } catch (error) {
        for (const one of batch) one.done(unknown(error, performance.now() - began));
      }
    }
    this.#isAsking = false;
  }

  /** One of each row: a second one has to know what became of the first. */
  #next(): Waiting[] {
    const rows = new Set<string>();
    const [batch, rest]: [Waiting[], Waiting[]] = [[], []];
    for (const one of this.#waiting) {
      const { hook, endpoint, row } = one.claim;
      const key = `${hook} ${endpoint} ${row}`;
      if (batch.length === BATCH || rows.has(key)) rest.push(one);
      else batch.push(one);
      rows.add(key);
    }
    this.#waiting = rest;
    return batch;
  }
}

function unknown(error: unknown, ms: number): Outcome {
  const message = `cooldown: ${error instanceof Error ? error.message : String(error)}`;
  return { kind: 'failed', failure: 'cooldown', status: null, message, response: '', retryAfter: null, verdict: 'retry', ms };
}
