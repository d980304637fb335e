import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { EndpointConfig } from '../config.ts';
import type { Outcome } from '../outcome.ts';
import { classify } from './classify.ts';
import { conceal } from './conceal.ts';
import type { Holder } from './connections.ts';
import { describeStatus, KEPT, printable, READ } from './response.ts';
import { parseRetryAfter } from './retry-after.ts';
import { askedFor, DELIVERY_HEADER, meaningOf, reasonOf } from './verdict.ts';

/** A request, kept with its exchange and filled anew for each attempt: undici reads it and keeps nothing of it. */
export interface MutableRequest {
  path: string;
  method: string;
  body: string | null;
  headers: (string | undefined)[];
  reset: boolean | null;
}

/** What an exchange needs of its sender. */
export interface Line {
  /** Where requests go, without credentials: `https://host:port`. */
  readonly origin: string;
  /** `host:port`, for messages. */
  readonly target: string;
  /** Milliseconds for the whole attempt. */
  readonly timeout: number;
  readonly responses: EndpointConfig['responses'];
  dispatch(exchange: Exchange): void;
  /** True if the error is a kept-alive connection's that the other side closed before this request reached it. */
  isStale(error: Error): boolean;
  /** undici is through with the exchange: it may carry another attempt. */
  release(exchange: Exchange): void;
}

const GIVEN_UP = Object.assign(new Error('given up'), { code: 'UND_ERR_ABORTED' });
const NOTHING = Buffer.alloc(0);

/**
 * One attempt's way through undici: its handler, made once for each concurrent request and used again and again.
 * Two things end separately: the attempt, when `done` is called; and undici's use of the object, when it is released.
 * An attempt whose deadline passes before undici has given a controller ends at once, and the object waits for undici.
 */
export class Exchange implements Dispatcher.DispatchHandler, Holder {
  connection: Dispatcher | null = null;
  readonly request: MutableRequest;
  /** The request's headers where it has none but its endpoint's: used again and again, as the exchange is. */
  readonly headers: (string | undefined)[];
  readonly #line: Line;
  /** null: the attempt has ended, or none has begun. */
  #done: ((outcome: Outcome) => void) | null = null;
  #startedAt = 0;
  #controller: Dispatcher.DispatchController | null = null;
  /** The request has gone out on a connection. */
  #sent = false;
  /** True while dispatch is on the stack: `done` must not be called then. */
  #dispatching = false;
  /** A byte of a response has come. */
  #answered = false;
  #resent = false;
  #expired = false;
  /** 0: no status yet. */
  #status = 0;
  #headers: IncomingHttpHeaders | null = null;
  #read = 0;
  #kept = NOTHING;

  constructor(line: Line, request: MutableRequest) {
    this.#line = line;
    this.request = request;
    this.headers = request.headers;
  }

  /** Sends `request`. `now`: of performance.now(), from where the deadline counts. */
  start(now: number, done: (outcome: Outcome) => void): void {
    this.#done = done;
    this.#startedAt = now;
    this.#sent = false;
    this.#answered = false;
    this.#resent = false;
    this.#expired = false;
    this.#status = 0;
    this.#read = 0;
    this.#dispatch();
  }

  /** Ends the attempt if its deadline has passed. */
  expire(now: number): void {
    if (this.#done === null || now - this.#startedAt < this.#line.timeout) return;
    this.#expired = true;
    if (this.#controller === null) this.#report(this.#timedOut());
    else this.#controller.abort(GIVEN_UP);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#done === null) {
      controller.abort(GIVEN_UP);
      return;
    }
    this.#controller = controller;
    this.#sent = true;
  }

  onResponseStarted(): void {
    this.#answered = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200) return;
    this.#status = status;
    this.#headers = headers;
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#read += chunk.length;
    if (this.#status > 299 && this.#kept.length < KEPT) {
      // A copy, so that two kilobytes do not hold the socket's whole buffer.
      this.#kept = Buffer.concat([this.#kept, chunk.subarray(0, KEPT - this.#kept.length)]);
    }
    if (this.#read > READ) controller.abort(GIVEN_UP);
  }

  onResponseEnd(): void {
    this.#end(this.#answer());
  }

  /** What comes of it may be another request over this very connection, which undici does not take while it tells of errors. */
  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#controller = null;
    queueMicrotask(() => this.#failed(error));
  }

  #failed(error: Error): void {
    if (this.#done === null) {
      this.#line.release(this);
      return;
    }
    // Receivers know a request by its webhook-id, so that sending it again is safe; a connection that was closed while idle
    // says nothing of the endpoint. Once, for else an endpoint that resets every connection would be asked for ever.
    if (!this.#answered && !this.#resent && !this.#expired && this.#line.isStale(error)) {
      this.#resent = true;
      this.#dispatch();
      return;
    }
    this.#end(this.#failure(error));
  }

  #dispatch(): void {
    const nested = this.#dispatching;
    this.#dispatching = true;
    this.#line.dispatch(this);
    this.#dispatching = nested;
  }

  /** Both ends: released first, so that `done` may start the next attempt on this very object. */
  #end(outcome: Outcome): void {
    this.#controller = null;
    this.#line.release(this);
    this.#report(outcome);
  }

  #report(outcome: Outcome): void {
    const done = this.#done;
    if (done === null) return;
    this.#done = null;
    this.#headers = null;
    this.#kept = NOTHING;
    if (this.#dispatching) queueMicrotask(() => done(outcome));
    else callOutside(done, outcome);
  }

  /** The outcome that the status alone decides. */
  #answer(): Outcome {
    const headers = this.#headers;
    const meaning = meaningOf(this.#status, this.#line.responses);
    const asked = askedFor(headers?.[DELIVERY_HEADER]);
    if (meaning === 'delivered') return { kind: 'delivered', status: this.#status, disable: asked === 'disable', ms: this.#elapsed() };
    const said = describeStatus(this.#status, headers?.location ?? null, this.#line.origin);
    const reason = reasonOf(this.#status, asked, this.#line.responses);
    return {
      kind: 'failed',
      failure: 'status',
      status: this.#status,
      message: reason === null ? said : `${said}: ${reason}`,
      response: conceal(printable(this.#kept, headers?.['content-encoding'] ?? ''), this.request),
      retryAfter: parseRetryAfter(headers?.['retry-after'], Date.now()),
      verdict: asked ?? meaning,
      ms: this.#elapsed(),
    };
  }

  #failure(error: Error): Outcome {
    // A bad status decides, whatever became of the body; a good one only together with a whole body, or as much of it as anyone reads.
    if (this.#status > 299 || this.#read > READ) return this.#answer();
    if (this.#expired) return this.#timedOut();
    const { failure, message } = classify(error, this.#line.target);
    return this.#unanswered(failure, message);
  }

  #timedOut(): Outcome {
    const { target, timeout } = this.#line;
    const within = `${target} within ${timeout / 1000}s`;
    if (this.#status !== 0) return this.#unanswered('timeout', `status ${this.#status}, but no whole response from ${within}`);
    return this.#unanswered('timeout', this.#sent ? `no response from ${within}` : `no connection to ${within}`);
  }

  #unanswered(failure: Extract<Outcome, { kind: 'failed' }>['failure'], message: string): Outcome {
    return { kind: 'failed', failure, status: null, message, response: '', retryAfter: null, verdict: 'retry', ms: this.#elapsed() };
  }

  #elapsed(): number {
    return performance.now() - this.#startedAt;
  }
}

/** Calls back so that what it throws surfaces as its own uncaught error, and not as undici's failure of another request. */
function callOutside(done: (outcome: Outcome) => void, outcome: Outcome): void {
  try {
    done(outcome);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
