import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { WalhookError } from '../errors.ts';
import { http } from '../node-http.ts';
import { codeOf } from '../reaction.ts';
import type { HttpAppOptions } from './http-app.ts';
import { healthAnswer } from './http-health.ts';
import { isLoopbackHost } from './http-origin.ts';

export interface HttpServerOptions extends HttpAppOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

export interface HttpServer {
  /** Where it listens: `http://127.0.0.1:9464`. */
  readonly url: string;
  /** From the next request on, answers as other options say. Where it listens stays. */
  replace(options: HttpAppOptions): void;
  /** Ends it: from now on nothing more comes in, and its port is free. Requests under way get so many milliseconds. Default: a second. May be called twice. */
  close(grace?: number): Promise<void>;
}

/** How long answers that are under way may take at the end, in milliseconds. */
const GRACE = 1_000;

/** @throws WalhookError `port_in_use`, or `listen_failed` for an address that is not this machine's. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port } = options;
  let current: HttpAppOptions = options;
  let app: Promise<Listener> | null = null;
  let serving = new AbortController();
  const server = http.createServer({ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 }, (request, response) => {
    if (answerHealth(request, response, current)) return;
    const { onError } = current;
    app ??= loadApp(current, serving.signal);
    app.then((listener) => listener(request, response)).catch((error: unknown) => {
      onError(error);
      response.destroy();
    });
  });
  await listening(server, host, port);
  // Health must not keep a process alive whose daemon has ended.
  server.unref();
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  let closed: Promise<void> | null = null;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    replace: (next) => {
      current = next;
      app = null;
      // Whoever looks on comes back, and is asked for the token that holds now.
      serving.abort();
      serving = new AbortController();
    },
    close: (grace = GRACE) => {
      serving.abort();
      return (closed ??= close(server, grace));
    },
  };
}

type Listener = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** Loaded when it is first wanted: many daemons are only ever asked for their health, and it takes megabytes. */
async function loadApp(options: HttpAppOptions, stopping: AbortSignal): Promise<Listener> {
  const [{ httpApp }, { getRequestListener }] = await Promise.all([import('./http-app.ts'), import('@hono/node-server')]);
  const { app } = httpApp(options, stopping);
  return getRequestListener((request, env) => app.fetch(request, env));
}

/** Answers what a supervisor asks, and nothing that is out of the ordinary: that is the app's to refuse. */
function answerHealth({ method, url, headers }: IncomingMessage, response: ServerResponse, { host, readiness }: HttpAppOptions): boolean {
  if (url !== '/healthz' && url !== '/readyz') return false;
  if (method !== 'GET' || headers.origin !== undefined || (isLoopbackHost(host) && !isLoopbackHost(headers.host ?? ''))) return false;
  const answer = healthAnswer(url, readiness);
  response.writeHead(answer.status, answer.headers).end(answer.body);
  return true;
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, host, port)));
    server.listen(port, host, resolve);
  });
}

function close(server: Server, grace: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), grace).unref();
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

function listenError(cause: unknown, host: string, port: number): WalhookError {
  const code = codeOf(cause);
  if (code === 'EADDRINUSE') {
    return new WalhookError(`server.listen: port ${port} of ${host} is in use, perhaps by another walhook`, {
      code: 'port_in_use',
      hint: `server: { listen: ${host}:${port === 65_535 ? port - 1 : port + 1} }`,
      cause,
    });
  }
  return new WalhookError(`server.listen: cannot listen on ${host}:${port} (${code ?? 'unknown error'})`, {
    code: 'listen_failed',
    hint: code === 'EACCES' ? 'a port below 1024 needs CAP_NET_BIND_SERVICE: take one above' : 'server: { listen: 127.0.0.1:9464 }',
    cause,
  });
}
