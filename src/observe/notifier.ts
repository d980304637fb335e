import { randomBytes } from 'node:crypto';
import type { Logger } from 'pino';
import { type Delivery, NO_HEADERS } from '../delivery.ts';
import { NO_LSN } from '../lsn.ts';
import type { Notice } from '../notice.ts';
import type { Outcome } from '../outcome.ts';

/** One HTTP attempt: a sender's. */
export type NoticeAttempt = (delivery: Delivery, done: (outcome: Outcome) => void) => void;

export interface NotifierOptions {
  /** What makes attempts at the endpoints of `notify.to`, by their names. */
  readonly to: ReadonlyMap<string, NoticeAttempt>;
  readonly log: Logger;
  /** Milliseconds after the first failed attempt. Default: a second. */
  readonly firstWait?: number;
  /** Milliseconds in which no second `delivery.dead` of an endpoint is told. Default: a minute. */
  readonly quiet?: number;
}

/** How long a notice is tried, in milliseconds, and the longest wait between two attempts. */
const PATIENCE = 3_600_000;
const LONGEST_WAIT = 300_000;
/** How many notices wait for an endpoint at most: then the oldest are dropped. */
const MOST = 100;

interface Waiting {
  readonly delivery: Delivery;
  readonly type: string;
  readonly since: number;
}

/**
 * Sends notices as signed webhooks: `{"type":"endpoint.failing","timestamp":"<ISO 8601>","data":{…}}`. The best that can be
 * done in memory: tried for an hour, in order, one at a time for each endpoint, and never in the way of deliveries.
 * What could not be sent is logged. Nothing is ever told of the notifier's own failures, so that there is no loop.
 */
export class Notifier {
  readonly #lines: readonly Line[];
  readonly #quiet: number;
  /** Deaths by endpoint since the last notice of one; present while no second one is told. */
  readonly #deaths = new Map<string, { count: number; last: Notice; readonly timer: NodeJS.Timeout }>();

  constructor({ to, log, firstWait = 1_000, quiet = 60_000 }: NotifierOptions) {
    this.#lines = [...to].map(([endpoint, attempt]) => new Line(endpoint, { attempt, log, firstWait }));
    this.#quiet = quiet;
  }

  /** `count`: how many it stands for. */
  tell(notice: Notice): void {
    if (this.#lines.length === 0) return;
    if (notice.type === 'delivery.dead') this.#tellDeath(notice);
    else this.#send(notice, 1);
  }

  /** Gives up what has not been sent, with a line in the log. May be called twice. */
  close(): void {
    for (const { timer } of this.#deaths.values()) clearTimeout(timer);
    this.#deaths.clear();
    for (const line of this.#lines) line.close();
  }

  #tellDeath(notice: Extract<Notice, { type: 'delivery.dead' }>): void {
    const { endpoint } = notice;
    const known = this.#deaths.get(endpoint);
    if (known !== undefined) {
      known.count++;
      known.last = notice;
      return;
    }
    this.#send(notice, 1);
    const timer = setTimeout(() => {
      const { count = 0, last = notice } = this.#deaths.get(endpoint) ?? {};
      this.#deaths.delete(endpoint);
      if (count > 0) this.#send(last, count);
    }, this.#quiet).unref();
    this.#deaths.set(endpoint, { count: 0, last: notice, timer });
  }

  #send(notice: Notice, count: number): void {
    const { type, ...about } = notice;
    const data = type === 'delivery.dead' ? { ...about, count } : about;
    const body = JSON.stringify({ type, timestamp: new Date().toISOString(), data });
    const id = `ntf_${randomBytes(12).toString('hex')}`;
    for (const line of this.#lines) {
      // An endpoint that does not answer need not be told of it.
      const isItsOwnTrouble = 'endpoint' in notice && notice.endpoint === line.endpoint && type !== 'endpoint.recovered';
      if (!isItsOwnTrouble) line.add({ id, type, body });
    }
  }
}

/** The notices for one endpoint. */
class Line {
  readonly endpoint: string;
  readonly #attempt: NoticeAttempt;
  readonly #log: Logger;
  readonly #firstWait: number;
  #waiting: Waiting[] = [];
  #isSending = false;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;
  /** Dropped because too many were waiting; told once the endpoint answers, or at the end. */
  #overflowed = 0;

  constructor(endpoint: string, { attempt, log, firstWait }: { readonly attempt: NoticeAttempt; readonly log: Logger; readonly firstWait: number }) {
    this.endpoint = endpoint;
    this.#attempt = attempt;
    this.#log = log;
    this.#firstWait = firstWait;
  }

  add({ id, type, body }: { readonly id: string; readonly type: string; readonly body: string }): void {
    if (this.#closed) return;
    this.#waiting.push({ delivery: deliveryOf({ id, body, endpoint: this.endpoint }), type, since: performance.now() });
    // The first may be under way.
    if (this.#waiting.length > MOST) {
      this.#waiting.splice(1, 1);
      this.#overflowed++;
    }
    if (!this.#isSending) this.#next(0);
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#tellOverflow();
    this.#drop(this.#waiting.splice(0), 'walhook ends');
  }

  #next(failures: number): void {
    const [first] = this.#waiting;
    this.#isSending = first !== undefined;
    if (first !== undefined) this.#attempt(first.delivery, (outcome) => this.#ended(first, outcome, failures));
  }

  #ended(first: Waiting, outcome: Outcome, failures: number): void {
    if (this.#closed) return;
    const isHopeless = outcome.kind === 'failed' && (outcome.verdict !== 'retry' || performance.now() - first.since > PATIENCE);
    if (outcome.kind === 'delivered' || isHopeless) {
      this.#waiting = this.#waiting.filter((one) => one !== first);
      this.#tellOverflow();
      if (outcome.kind === 'failed') this.#drop([first], outcome.message);
      this.#next(0);
      return;
    }
    if (failures === 0) this.#log.warn({ endpoint: this.endpoint, notice: first.type }, `the notice cannot be sent, and is tried again: ${outcome.message}`);
    const wait = Math.min(LONGEST_WAIT, Math.max(outcome.retryAfter ?? 0, this.#firstWait * 2 ** failures));
    this.#timer = setTimeout(() => this.#next(failures + 1), wait).unref();
  }

  #tellOverflow(): void {
    if (this.#overflowed > 0) this.#log.warn({ endpoint: this.endpoint }, `${this.#overflowed} notices are not sent: more than ${MOST} were waiting`);
    this.#overflowed = 0;
  }

  #drop(dropped: readonly Waiting[], why: string): void {
    if (dropped.length === 0) return;
    const types = [...new Set(dropped.map(({ type }) => type))];
    this.#log.warn({ endpoint: this.endpoint, notices: types }, `${dropped.length} ${dropped.length === 1 ? 'notice is' : 'notices are'} not sent: ${why}`);
  }
}

/** A notice as the sender takes it: no hook's, in no lane, at no place in the stream. */
function deliveryOf({ id, body, endpoint }: { readonly id: string; readonly body: string; readonly endpoint: string }): Delivery {
  return {
    id,
    request: { hook: '', endpoint, method: null, path: null, contentType: 'application/json', headers: NO_HEADERS },
    lane: 0,
    sequence: { commitLsn: NO_LSN, ordinal: 0, nth: 0 },
    operation: 'data_insert',
    table: '',
    body,
    bytes: body.length,
    committedAt: 0,
  };
}
