import { type Dispatcher, Pool } from 'undici';
import type { EndpointConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Outcome } from '../outcome.ts';
import { type Cidr, parseCidr } from './address.ts';
import { Exchange, type Line, type MutableRequest } from './exchange.ts';
import { guardedConnector, type Resolve, resolveBySystem } from './guard.ts';
import { endpointHeaders } from './headers.ts';
import { markStale } from './stale.ts';
import { tlsContext } from './tls-context.ts';

/** Makes `webhook-signature`. `timestamp` is in Unix seconds; see format/signature.ts. */
export type Sign = (id: string, timestamp: number, body: string) => string;

export interface SenderOptions {
  /** null: requests are not signed. */
  readonly sign: Sign | null;
  /** `walhook/<version> (+https://…)`. */
  readonly userAgent: string;
  /** Default: the operating system's resolver. */
  readonly resolve?: Resolve;
}

/** A deadline is kept to a sixteenth of the timeout, but by no fewer and no more milliseconds than these. */
const FINEST_SWEEP = 10;
const COARSEST_SWEEP = 250;

/** Methods whose requests have no body; the signature is then over an empty one. */
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** Headers whose values change with each request, in the order in which `#fill` sets them. */
const VARYING = ['content-type', 'webhook-id', 'webhook-timestamp', 'webhook-signature'];

/**
 * Makes HTTP attempts at one endpoint: HTTP/1.1, kept alive, one request a connection at a time, `concurrency` connections.
 * It limits nothing itself: who calls it makes no more attempts at once than that.
 *
 * The hot path makes no promise, timer or AbortSignal of its own: exchanges are used again, and one timer looks after all deadlines.
 */
export class Sender {
  readonly #pool: Pool;
  readonly #sign: Sign | null;
  readonly #timeout: number;
  readonly #method: string;
  readonly #path: string;
  readonly #line: Line;
  readonly #headers: readonly (string | undefined)[];
  readonly #contentType: string | null;
  /** Where in `#headers` those that vary begin. */
  readonly #varying: number;
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
    this.#varying = list.length;
    // undici leaves out a header whose value is undefined.
    this.#headers = [...list, ...VARYING.flatMap((name) => [name, undefined])];
    const connect = guardedConnector({
      endpoint: endpoint.name,
      allow: allowedRanges(endpoint),
      resolve: options.resolve ?? resolveBySystem,
      connect: {
        // Ends a connection that never comes to be; the sweep has by then ended the attempt that wanted it.
        timeout: endpoint.timeout + 2 * COARSEST_SWEEP,
        ...(protocol === 'https:' ? { secureContext: tlsContext(endpoint), rejectUnauthorized: true } : {}),
      },
    });
    this.#pool = new Pool(origin, {
      connect: markStale(connect, this.#stale),
      connections: endpoint.concurrency,
      pipelining: 1,
      allowH2: false,
      // The sweep keeps the only deadline.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    this.#line = {
      origin,
      target: host,
      timeout: endpoint.timeout,
      responses: endpoint.responses,
      dispatch: (request, handler) => {
        // undici's types want its own tuple of headers; it takes any flat list, and undefined for none.
        this.#pool.dispatch(request as Dispatcher.DispatchOptions, handler);
      },
      isStale: (error) => this.#stale.has(error),
      release: (exchange) => {
        this.#free.push(exchange);
      },
    };
  }

  /** One HTTP attempt. Never throws: `done` is called exactly once, never within the call. */
  readonly attempt = (delivery: Delivery, done: (outcome: Outcome) => void): void => {
    const exchange = this.#free.pop() ?? this.#newExchange();
    this.#fill(exchange.request, delivery);
    this.#sweeper ??= setInterval(this.#sweep, Math.min(Math.max(this.#timeout / 16, FINEST_SWEEP), COARSEST_SWEEP));
    exchange.start(performance.now(), done);
  };

  /** Lets what is in flight finish, then closes the connections. Attempts made afterwards fail. */
  async close(): Promise<void> {
    if (!this.#pool.destroyed) await this.#pool.close();
  }

  /** Gives up what is in flight at once: each attempt ends as failed. Attempts made afterwards fail. */
  async abort(): Promise<void> {
    await this.#pool.destroy();
  }

  #fill(request: MutableRequest, { id, body, request: shape }: Delivery): void {
    const method = shape.method ?? this.#method;
    const bodiless = BODILESS.has(method);
    const sent = bodiless ? '' : body;
    const timestamp = Math.floor(Date.now() / 1000);
    request.method = method;
    request.path = shape.path ?? this.#path;
    request.body = bodiless ? null : body;
    // undici closes the connection behind a body that the method does not call for (DELETE) unless told not to.
    request.reset = bodiless ? null : false;
    const values = request.headers;
    const first = this.#varying;
    values[first + 1] = bodiless ? undefined : (this.#contentType ?? shape.contentType ?? undefined);
    values[first + 3] = id;
    values[first + 5] = String(timestamp);
    values[first + 7] = this.#sign === null ? undefined : this.#sign(id, timestamp, sent);
  }

  #newExchange(): Exchange {
    const exchange = new Exchange(this.#line, { method: '', path: '', body: null, reset: null, headers: [...this.#headers] });
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

function allowedRanges({ name, network }: EndpointConfig): Cidr[] {
  return network.allow.map((text) => {
    const range = parseCidr(text);
    if (range !== null) return range;
    throw new WalhookError(`endpoints.${name}.network.allow: not an address range: ${JSON.stringify(text)}`, {
      code: 'endpoint_network',
      hint: 'an address or a CIDR range: 10.0.0.0/8, fd00::/8',
      exit: EXIT.badConfig,
    });
  });
}
