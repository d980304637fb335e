import type { EndpointConfig } from '../config.ts';
import type { Notice } from '../notice.ts';
import { isEndpointFailure, isOfEndpoint, isOverload, type Outcome } from '../outcome.ts';
import { Breaker } from './breaker.ts';
import type { Condition, Remembered } from './port.ts';

export interface StandingOptions {
  readonly endpoint: Pick<EndpointConfig, 'name' | 'breaker' | 'retry' | 'disable_after'>;
  /** To be stored, so that it outlives a restart. */
  readonly remember: (condition: Condition, what: Remembered) => void;
  /** Nothing may be sent for so many milliseconds, and then one delivery as a probe; null: nothing until `onResume`. */
  readonly onHalt: (ms: number | null) => void;
  readonly onResume: () => void;
  readonly tell: (notice: Notice) => void;
}

/**
 * Whether an endpoint is sent to: paused by a person, disabled by itself or after days of failure, or left alone for a
 * while by its breaker. Time is monotonic, in milliseconds.
 */
export class Standing {
  readonly #options: StandingOptions;
  readonly #breaker: Breaker;
  #state: Condition['state'] = 'active';
  #reason: string | null = null;
  /** When it failed first after its last success. */
  #failingSince: number | null = null;
  #lastError = '';
  #restoring = false;

  constructor(options: StandingOptions) {
    this.#options = options;
    this.#breaker = new Breaker({
      ...options.endpoint.breaker,
      onOpen: (ms, again) => this.#opened(ms, again),
      onClose: () => this.#closed(),
    });
  }

  get isActive(): boolean {
    return this.#state === 'active';
  }

  condition(now: number): Condition {
    const { openUntil } = this.#breaker;
    return {
      state: this.#state,
      reason: this.#reason,
      failingFor: this.#failingSince === null ? null : now - this.#failingSince,
      probeIn: openUntil === null ? null : openUntil - now,
    };
  }

  /** Takes over how it was when the last process ended. */
  restore({ state, reason, failingFor, probeIn }: Condition, now: number): void {
    this.#restoring = true;
    this.#state = state;
    this.#reason = reason;
    this.#failingSince = failingFor === null ? null : now - failingFor;
    if (probeIn !== null) this.#breaker.open(now, Math.min(Math.max(0, probeIn), this.#longest));
    if (state !== 'active') this.#options.onHalt(null);
    this.#restoring = false;
  }

  /** What an attempt came to. */
  outcome(outcome: Outcome, now: number): void {
    if (outcome.kind === 'delivered') {
      this.#failingSince = null;
      this.#breaker.success(now);
      if (outcome.disable) this.#disable('the endpoint asked to be sent nothing more (webhook-delivery: disable)');
      return;
    }
    if (!isOfEndpoint(outcome)) return;
    this.#failingSince ??= now;
    this.#lastError = outcome.message;
    const { disable_after } = this.#options.endpoint;
    if (outcome.verdict === 'disable') this.#disable(outcome.message);
    else if (disable_after !== null && now - this.#failingSince >= disable_after) {
      this.#disable(`it has failed for ${Math.round((now - this.#failingSince) / 60_000)} minutes without a success, at last: ${outcome.message}`);
    }
    if (!isEndpointFailure(outcome)) return this.#breaker.success(now);
    if (isOverload(outcome) && outcome.retryAfter !== null && outcome.retryAfter > 0) {
      this.#breaker.open(now, Math.min(outcome.retryAfter, this.#longest));
    }
    this.#breaker.failure(now);
  }

  /** Lets an open breaker take a probe at once. False if there is none to take: it is closed, or nothing is sent until `resume`. */
  probe(now: number): boolean {
    return this.#state === 'active' && this.#breaker.probe(now);
  }

  /** Until `resume`. */
  pause(reason: string): void {
    this.#halt('paused', reason);
  }

  /** Sent to again, at once: whatever was wrong before is forgotten. */
  resume(): void {
    this.#goOn();
    this.#remember('all');
  }

  /** Another process has paused, disabled or resumed it, and stored that. */
  hear({ state, reason }: Pick<Condition, 'state' | 'reason'>): void {
    if (state === this.#state) this.#reason = reason;
    else if (state === 'active') this.#goOn();
    else this.#stay(state, reason);
  }

  /** An endpoint may ask to be left alone for as long as a delivery may have to wait. */
  get #longest(): number {
    const { retry, breaker } = this.#options.endpoint;
    return Math.max(retry.max, breaker.open);
  }

  #disable(reason: string): void {
    if (this.#state === 'disabled') return;
    this.#halt('disabled', reason);
    this.#options.tell({ type: 'endpoint.disabled', endpoint: this.#options.endpoint.name, reason });
  }

  #halt(state: 'paused' | 'disabled', reason: string): void {
    this.#stay(state, reason);
    this.#remember('all');
  }

  #stay(state: 'paused' | 'disabled', reason: string | null): void {
    this.#state = state;
    this.#reason = reason;
    this.#options.onHalt(null);
  }

  #goOn(): void {
    this.#state = 'active';
    this.#reason = null;
    this.#failingSince = null;
    this.#breaker.close();
    this.#options.onResume();
  }

  #opened(ms: number, again: boolean): void {
    if (this.#state === 'active') this.#options.onHalt(ms);
    if (this.#restoring) return;
    this.#remember('failing');
    if (!again) this.#options.tell({ type: 'endpoint.failing', endpoint: this.#options.endpoint.name, reason: this.#lastError });
  }

  #closed(): void {
    if (this.#state !== 'active') return;
    this.#options.onResume();
    this.#remember('failing');
    this.#options.tell({ type: 'endpoint.recovered', endpoint: this.#options.endpoint.name });
  }

  #remember(what: Remembered): void {
    this.#options.remember(this.condition(performance.now()), what);
  }
}
