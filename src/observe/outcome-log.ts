import type { Logger } from 'pino';
import type { Delivery } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import type { Failure } from '../queue/port.ts';

/** How often failures are summed up, in milliseconds. */
const INTERVAL = 60_000;

/** Failed attempts at an endpoint since the last line about them. */
interface Spell {
  failed: number;
  /** How many of them by kind: `refused`, `503`. */
  readonly kinds: Map<string, number>;
  last: string;
}

/**
 * What the log says of attempts that failed. An outage is one line when it begins and one line a minute while it lasts, for
 * each endpoint; every attempt is there at debug. A death is always a line of its own.
 */
export class OutcomeLog {
  readonly #log: Logger;
  readonly #interval: number;
  readonly #spells = new Map<string, Spell>();
  #timer: NodeJS.Timeout | null = null;

  constructor(log: Logger, interval = INTERVAL) {
    this.#log = log;
    this.#interval = interval;
  }

  /** An attempt failed, and its delivery was parked. */
  parked(delivery: Delivery, { failure, status, message }: Extract<Outcome, { kind: 'failed' }>): void {
    const { endpoint } = delivery.request;
    const line = { ...lineOf(delivery), failure, status };
    const spell = this.#spells.get(endpoint);
    if (spell === undefined) {
      this.#spells.set(endpoint, { failed: 0, kinds: new Map(), last: '' });
      this.#timer ??= setInterval(() => this.#sumUp(), this.#interval).unref();
      this.#log.warn(line, `parked: ${message}`);
      return;
    }
    const kind = status === null ? failure : String(status);
    spell.failed++;
    spell.kinds.set(kind, (spell.kinds.get(kind) ?? 0) + 1);
    spell.last = message;
    this.#log.debug(line, `parked: ${message}`);
  }

  /** A delivery became a dead letter after so many attempts; none if it could never be sent. */
  dead(delivery: Delivery, { failure, status, message }: Omit<Failure, 'response'>, attempts: number): void {
    this.#log.error({ ...lineOf(delivery), failure, status, attempts }, `dead: ${message}`);
  }

  /** Says what has not been said yet. */
  stop(): void {
    this.#sumUp();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #sumUp(): void {
    for (const [endpoint, spell] of this.#spells) {
      if (spell.failed === 0) {
        this.#spells.delete(endpoint);
        continue;
      }
      const { failed, kinds, last } = spell;
      this.#log.warn({ endpoint, failed, kinds: Object.fromEntries(kinds) }, `${failed} more attempts failed and were parked; the last: ${last}`);
      this.#spells.set(endpoint, { failed: 0, kinds: new Map(), last: '' });
    }
    if (this.#spells.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }
}

function lineOf({ id, table, request }: Delivery): object {
  return { endpoint: request.endpoint, hook: request.hook, id, table };
}
