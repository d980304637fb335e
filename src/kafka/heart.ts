import { pause } from '../patience.ts';
import { answered } from './failure.ts';

export interface HeartOptions {
  /** Sends one heartbeat. */
  readonly beat: (timeout: number) => Promise<void>;
  readonly session: number;
  readonly rebalance: number;
  /** When the request went out that made us a member, by performance.now(). */
  readonly sent: number;
}

/** Milliseconds between heartbeats at most; else a quarter of the session. */
const SELDOM = 500;
/** Before the next try of one that got no answer. */
const AGAIN = 100;
/** Without an answer for so long, nothing more should be begun; half of the session, if that is less. */
const UNANSWERED = 2_000;

/**
 * Heartbeats of one generation. They go on while the group waits for us to let go: the broker answers them, and keeps our place, for as long as
 * the rebalance may take.
 */
export class Heart {
  /** The group is to be dealt anew. */
  readonly rebalancing: Promise<void>;
  /** The group has gone on without us, or no answer came for a session's length: why. */
  readonly lost: Promise<Error>;
  readonly #options: HeartOptions;
  readonly #stopping = new AbortController();
  readonly #rebalance: () => void;
  readonly #lose: (reason: Error) => void;
  #leaseUntil: number;
  /** When the last heartbeat went out that was answered. */
  #answered: number;
  /** When the last heartbeat went out that found the generation in order. */
  #settled: number;
  #over = false;

  constructor(options: HeartOptions) {
    this.#options = options;
    this.#leaseUntil = options.sent + options.session;
    this.#settled = options.sent;
    this.#answered = options.sent;
    const rebalancing = Promise.withResolvers<void>();
    const lost = Promise.withResolvers<Error>();
    [this.rebalancing, this.#rebalance, this.lost, this.#lose] = [rebalancing.promise, rebalancing.resolve, lost.promise, lost.resolve];
    void this.#run();
  }

  get leaseUntil(): number {
    return this.#over ? Number.NEGATIVE_INFINITY : this.#leaseUntil;
  }

  get restFrom(): number {
    return Math.min(this.leaseUntil, this.#answered + Math.min(UNANSWERED, this.#options.session / 2));
  }

  /** What the lease was for is let go, or lost. */
  stop(): void {
    this.#over = true;
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    const often = Math.min(SELDOM, this.#options.session / 4);
    let wait = this.#settled + often - performance.now();
    for (;;) {
      await pause(Math.max(0, wait), this.#stopping.signal);
      if (this.#over) return;
      const sent = performance.now();
      const failure = await this.#beat(sent);
      if (this.#over) return;
      const gone = failure !== null && (answered(failure, 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID') || performance.now() >= this.#leaseUntil);
      if (gone) {
        this.stop();
        this.#lose(failure instanceof Error ? failure : new Error('the group is out of reach'));
        return;
      }
      wait = failure === null ? sent + often - performance.now() : AGAIN;
    }
  }

  /** Gives what went wrong, or null. */
  async #beat(sent: number): Promise<unknown> {
    const { beat, session, rebalance } = this.#options;
    try {
      await beat(Math.max(AGAIN, Math.min(session / 3, this.#leaseUntil - sent)));
      this.#settled = sent;
      this.#answered = sent;
      this.#leaseUntil = sent + session;
      return null;
    } catch (error) {
      if (!answered(error, 'REBALANCE_IN_PROGRESS')) return error;
      // It began after the last heartbeat that found all in order, and goes on without those who take longer than it may.
      this.#answered = sent;
      this.#leaseUntil = Math.min(sent + session, this.#settled + rebalance);
      this.#rebalance();
      return performance.now() >= this.#leaseUntil ? error : null;
    }
  }
}
