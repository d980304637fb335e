import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Webhook } from 'standardwebhooks';

/** A request as it arrived, its body whole. */
export interface ReceivedRequest {
  /** 0-based place among all requests, by the arrival of the body's end. */
  readonly order: number;
  /** When it arrived: monotonic milliseconds. */
  readonly at: number;
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  /** The exact bytes. */
  readonly body: Buffer;
  /** webhook-id, empty if there was none. */
  readonly id: string;
  /** 1 for the first request with this id, 2 for the second… */
  readonly attempt: number;
  /** The status it was answered with; null while it has no answer. */
  status: number | null;
  /** When it was answered, or its connection ended: monotonic milliseconds. */
  answeredAt?: number;
  /** It is an event of a batch in which something of its row stands before it: see batches.ts. */
  readonly isBehind?: boolean;
}

/** What to answer: a status; or more than that; or not at all (`never`); or the connection's end (`reset`). */
export type Answer =
  | number
  | 'never'
  | 'reset'
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string; /** Milliseconds. */ readonly delay?: number };

/** May give a promise, so that a test decides when the answer comes. */
export type AnswerFunction = (request: ReceivedRequest, attempt: number) => Answer | Promise<Answer>;

export interface ReceiverOptions {
  /** Default: 204 for everything. */
  readonly answer?: AnswerFunction;
  /** `whsec_…`: a request whose signature is missing or wrong gets 401, and is in `refused` instead of `requests`. */
  readonly secret?: string;
}

interface Waiter {
  readonly satisfied: () => boolean;
  readonly resolve: () => void;
}

/** How long `until` waits before it fails, in milliseconds. */
const PATIENCE = 20_000;

/** An HTTP server on 127.0.0.1 that records what it gets and answers as the test says. */
export class Receiver {
  static async open(options: ReceiverOptions = {}): Promise<Receiver> {
    const receiver = new Receiver(options);
    await receiver.open();
    return receiver;
  }

  /** In the order of arrival. */
  readonly requests: ReceivedRequest[] = [];
  /** Why requests were refused that had no valid signature. */
  readonly refused: string[] = [];
  /** May be changed at any time; holds for requests that arrive from then on. */
  answer: AnswerFunction;
  /** Requests without an answer, now and at most so far. */
  openRequests = 0;
  mostOpenRequests = 0;
  readonly #verifier: Webhook | null;
  readonly #byId = new Map<string, ReceivedRequest[]>();
  #delivered = 0;
  #server: Server | null = null;
  #port = 0;
  #waiters: Waiter[] = [];

  private constructor({ answer, secret }: ReceiverOptions) {
    this.answer = answer ?? (() => 204);
    this.#verifier = secret === undefined ? null : new Webhook(secret);
  }

  /** `http://127.0.0.1:<port>`, the same after it was closed and opened again. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** How many ids have been answered with 2xx. */
  get delivered(): number {
    return this.#delivered;
  }

  /** The requests of each id, by the order of their first arrival. */
  get byId(): ReadonlyMap<string, readonly ReceivedRequest[]> {
    return this.#byId;
  }

  /** Bodies of all requests, parsed. */
  bodies<Body = unknown>(): Body[] {
    return this.requests.map((request) => JSON.parse(request.body.toString()) as Body);
  }

  /** Accepts connections (again). */
  async open(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer((request, response) => void this.#receive(request, response));
    server.keepAliveTimeout = 60_000;
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Ends all connections and refuses new ones. May be called twice. */
  async close(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  /** Resolves once `count` requests have arrived in all. */
  received(count: number): Promise<void> {
    return this.until(() => this.requests.length >= count, `${count} requests`);
  }

  /** Resolves once `count` ids have been answered with 2xx in all. */
  deliveries(count: number): Promise<void> {
    return this.until(() => this.#delivered >= count, `${count} deliveries`);
  }

  /** Resolves once the predicate holds; it is asked after each arrival and each answer. Fails after a while, saying what came. */
  until(predicate: (receiver: Receiver) => boolean, what = 'what the test waits for', patience = PATIENCE): Promise<void> {
    if (predicate(this)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { satisfied: () => predicate(this), resolve: () => (clearTimeout(timer), resolve()) };
      const timer = setTimeout(() => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter);
        reject(new Error(`the receiver waits for ${what}: ${this.#summary()}`));
      }, patience);
      this.#waiters.push(waiter);
    });
  }

  #summary(): string {
    const last = this.requests.at(-1);
    const tail = last === undefined ? '' : `; the last: ${last.method} ${last.url} ${last.body.toString().slice(0, 500)}`;
    const refused = this.refused.length === 0 ? '' : `; ${this.refused.length} refused: ${this.refused[0]}`;
    return `${this.requests.length} requests, ${this.#byId.size} ids, ${this.#delivered} delivered${refused}${tail}`;
  }

  async #receive(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await wholeBody(incoming);
    if (body === null) return;
    const fault = this.#signatureFault(incoming.headers, body);
    if (fault !== null) {
      this.refused.push(fault);
      response.writeHead(401).end();
      return this.#wake();
    }
    const request = this.#record(incoming, body);
    this.openRequests++;
    this.mostOpenRequests = Math.max(this.mostOpenRequests, this.openRequests);
    response.once('close', () => this.openRequests--);
    this.#wake();
    const answer = await this.answer(request, request.attempt);
    if (answer === 'never') return;
    if (answer === 'reset') return void incoming.socket.resetAndDestroy();
    await this.#respond(request, response, typeof answer === 'number' ? { status: answer } : answer);
  }

  #record(incoming: IncomingMessage, body: Buffer): ReceivedRequest {
    const { method = '', url = '', headers } = incoming;
    const given = headers['webhook-id'];
    const id = typeof given === 'string' ? given : '';
    const same = this.#byId.get(id) ?? [];
    const request: ReceivedRequest = {
      order: this.requests.length,
      at: performance.now(),
      method,
      url,
      headers,
      body,
      id,
      attempt: same.length + 1,
      status: null,
    };
    this.#byId.set(id, [...same, request]);
    this.requests.push(request);
    return request;
  }

  async #respond(request: ReceivedRequest, response: ServerResponse, answer: Exclude<Answer, number | string>): Promise<void> {
    const { status = 204, headers = {}, body = '', delay = 0 } = answer;
    if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
    if (response.destroyed) return;
    const first = status >= 200 && status < 300 && !this.#byId.get(request.id)?.some((other) => isDelivered(other));
    request.status = status;
    request.answeredAt = performance.now();
    if (first) this.#delivered++;
    response.writeHead(status, headers).end(body);
    this.#wake();
  }

  #signatureFault(headers: IncomingHttpHeaders, body: Buffer): string | null {
    if (this.#verifier === null) return null;
    try {
      // The library parses the body as JSON besides, which a receiver of other encodings must not ask for.
      this.#verifier.verify(body, headers as Record<string, string>, { jsonParse: false });
      return null;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #wake(): void {
    if (this.#waiters.length === 0) return;
    const ready = this.#waiters.filter((waiter) => waiter.satisfied());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const waiter of ready) waiter.resolve();
  }
}

/** Null if the connection ended before the body did. */
async function wholeBody(incoming: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
  } catch {
    return null;
  }
  return Buffer.concat(chunks);
}

function isDelivered({ status }: ReceivedRequest): boolean {
  return status !== null && status >= 200 && status < 300;
}
