import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import type { EndpointConfig } from '../config.ts';
import type { Delivery, Headers } from '../delivery.ts';
import type { Outcome } from '../outcome.ts';
import { authorizedAttempt } from './authorized.ts';
import { Connections } from './connections.ts';
import { endpointConnector } from './connector.ts';
import { Exchange, type Line, type MutableRequest } from './exchange.ts';
import { type Resolve, resolveBySystem } from './guard.ts';
import { endpointHeaders, withHookHeaders } from './headers.ts';
import { BODILESS, refusalOf, refused } from './refusal.ts';
import { markStale } from './stale.ts';
import { TokenRequest } from './token-request.ts';
import { Tokens } from './tokens.ts';

/** Makes `webhook-signature`. `timestamp` is in Unix seconds; see format/signature.ts. */
export type Sign = (id: string, timestamp: number, body: string) => string;

export interface SenderOptions {
  /** null: requests are not signed. */
  readonly sign: Sign | null;
  /** `walhook/<version> (+https://…)`. */
  readonly userAgent: string;
  /** Default: the operating system's resolver. */
  readonly resolve?: Resolve;
  /**
   * Sees each request as it goes out, and may put a handler around the response's. For one who looks on; default: nobody.
   * null: the request shall not go out; the handler has been told of an error then.
   */
  readonly tap?: (request: Readonly<MutableRequest>, handler: Dispatcher.DispatchHandler) => Dispatcher.DispatchHandler | null;
}

/** A deadline is kept to a sixteenth of the timeout, but by no fewer and no more milliseconds than these. */
const FINEST_SWEEP = 10;
const COARSEST_SWEEP = 250;

/** Headers whose values change with each request, in the order in which `#fill` sets them. */
const VARYING = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature', 'authorization', 'traceparent'].flatMap((name) => [name, undefined]);

/**
 * Makes HTTP attempts at one endpoint: HTTP/1.1, kept alive, one request a connection at a time, `concurrency` connections.
 * It limits nothing itself: who calls it makes no more attempts at once than that.
 *
 * The hot path makes no promise, timer or AbortSignal of its own: exchanges are used again, and one timer looks after all deadlines.
 */
export class Sender {
  readonly #connections: Connections;
  readonly #sign: Sign | null;
  readonly #timeout: number;
  readonly #method: string;
  readonly #path: string;
  readonly #line: Line;
  /** What is the same for every request, without those of VARYING. */
  readonly #headers: readonly string[];
  readonly #contentType: string | null;
  readonly #tokens: TokenRequest | null;
  readonly #authorized: ((delivery: Delivery, done: (outcome: Outcome) => void) => void) | null;
  readonly #exchanges: Exchange[] = [];
  readonly #free: Exchange[] = [];
  readonly #stale = new WeakSet<Error>();
  #sweeper: NodeJS.Timeout | null = null;

  /** Throws a WalhookError for a certificate file, range or header that cannot be used. */
  constructor(endpoint: EndpointConfig, options: SenderOptions) {
    const { origin, host, protocol } = endpoint.url;
    const { list, contentType } = endpointHeaders(endpoint, options.userAgent);
    this.#sign = options.sign;
    this.#timeout = endpoint.timeout;
    this.#method = endpoint.method;
    this.#path = endpoint.url.pathname + endpoint.url.search;
    this.#contentType = contentType;
    this.#headers = list;
    const resolve = options.resolve ?? resolveBySystem;
    // Ends a connection that never comes to be; the sweep has by then ended the attempt that wanted it.
    const connect = endpointConnector(endpoint, { protocol, resolve, timeout: endpoint.timeout + 2 * COARSEST_SWEEP });
    this.#connections = new Connections(endpoint.concurrency, () =>
      new Client(origin, {
        connect: markStale(connect, this.#stale),
        pipelining: 1,
        allowH2: false,
        // The sweep keeps the only deadline.
        headersTimeout: 0,
        bodyTimeout: 0,
      }),
    );
    const { tap } = options;
    this.#line = {
      origin,
      target: host,
      timeout: endpoint.timeout,
      responses: endpoint.responses,
      dispatch: (exchange) => {
        // undici's types want its own tuple of headers; it takes any flat list, and undefined for none.
        const request = exchange.request as Dispatcher.DispatchOptions;
        const tapped = tap === undefined ? exchange : tap(exchange.request, exchange);
        if (tapped !== null) this.#connections.of(exchange).dispatch(request, tapped);
      },
      isStale: (error) => this.#stale.has(error),
      release: (exchange) => {
        this.#connections.release(exchange);
        this.#free.push(exchange);
      },
    };
    const { oauth2 } = endpoint;
    const tokens = oauth2 === null ? null : new TokenRequest(endpoint, oauth2, { userAgent: options.userAgent, resolve });
    this.#tokens = tokens;
    this.#authorized = tokens === null ? null : authorizedAttempt(new Tokens({ ask: () => tokens.send() }), (sending, done) => this.#send(sending, done));
  }

  /** One HTTP attempt. Never throws: `done` is called exactly once, never within the call. */
  readonly attempt = (delivery: Delivery, done: (outcome: Outcome) => void): void => {
    const { request, body } = delivery;
    const refusal = refusalOf(request, body, request.method ?? this.#method);
    if (refusal !== null) queueMicrotask(() => done(refused(refusal)));
    else if (this.#authorized !== null && !has(request.headers, 'authorization')) this.#authorized(delivery, done);
    else this.#send({ delivery, authorization: undefined, startedAt: performance.now() }, done);
  };

  /** Lets what is in flight finish, then closes the connections. Attempts made afterwards fail. */
  async close(): Promise<void> {
    await this.#connections.close();
    await this.#tokens?.abort();
  }

  /** Gives up what is in flight at once: each attempt ends as failed. Attempts made afterwards fail. */
  async abort(): Promise<void> {
    await Promise.all([this.#connections.destroy(), this.#tokens?.abort()]);
  }

  #send({ delivery, authorization, startedAt }: Sending, done: (outcome: Outcome) => void): void {
    const exchange = this.#free.pop() ?? this.#newExchange();
    this.#fill(exchange, delivery, authorization);
    this.#sweeper ??= setInterval(this.#sweep, Math.min(Math.max(this.#timeout / 16, FINEST_SWEEP), COARSEST_SWEEP));
    exchange.start(startedAt, done);
  }

  #fill(exchange: Exchange, { id, body, trace, request: shape }: Delivery, authorization: string | undefined): void {
    const { request } = exchange;
    const { contentType, headers } = shape;
    const method = shape.method ?? this.#method;
    const path = shape.path ?? this.#path;
    const bodiless = contentType === null || BODILESS.has(method);
    const timestamp = Math.floor(Date.now() / 1000);
    request.method = method;
    request.path = contentType === null ? withQuery(path, body) : path;
    request.body = bodiless ? null : body;
    // undici closes the connection behind a body that the method does not call for (DELETE) unless told not to.
    request.reset = bodiless ? null : false;
    const values = headers.length === 0 ? exchange.headers : [...withHookHeaders(this.#headers, headers), ...VARYING];
    request.headers = values;
    const first = values.length - VARYING.length;
    values[first + 1] = bodiless || has(headers, 'content-type') ? undefined : (this.#contentType ?? contentType);
    values[first + 3] = id;
    values[first + 5] = String(timestamp);
    values[first + 7] = this.#sign === null ? undefined : this.#sign(id, timestamp, bodiless ? '' : body);
    values[first + 9] = authorization;
    values[first + 11] = trace === undefined || has(headers, 'traceparent') ? undefined : trace;
  }

  #newExchange(): Exchange {
    // undici leaves out a header whose value is undefined.
    const exchange = new Exchange(this.#line, { method: '', path: '', body: null, reset: null, headers: [...this.#headers, ...VARYING] });
    this.#exchanges.push(exchange);
    return exchange;
  }

  readonly #sweep = (): void => {
    if (this.#free.length === this.#exchanges.length) {
      clearInterval(this.#sweeper ?? undefined);
      this.#sweeper = null;
      return;
    }
    const now = performance.now();
    for (const exchange of this.#exchanges) exchange.expire(now);
  };
}

/** What an attempt sends. `authorization`: besides the endpoint's headers; `startedAt`: from where its deadline counts. */
interface Sending {
  readonly delivery: Delivery;
  readonly authorization: string | undefined;
  readonly startedAt: number;
}

function has(headers: Headers, wanted: string): boolean {
  return headers.some(([name]) => name === wanted);
}

/** The pairs behind what the path has of a query already. */
function withQuery(path: string, pairs: string): string {
  if (pairs === '') return path;
  if (!path.includes('?')) return `${path}?${pairs}`;
  return /[?&]$/.test(path) ? path + pairs : `${path}&${pairs}`;
}
