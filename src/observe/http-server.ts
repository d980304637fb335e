import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { WalhookError } from '../errors.ts';
import { codeOf } from '../reaction.ts';
import { httpApp, type HttpAppOptions } from './http-app.ts';

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
  /** Ends it; requests under way get a moment. May be called twice. */
  close(): Promise<void>;
}

/** How long answers that are under way may take at the end, in milliseconds. */
const GRACE = 1_000;

/** @throws WalhookError `port_in_use`, or `listen_failed` for an address that is not this machine's. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { host, port } = options;
  let app = httpApp(options);
  const server = createAdaptorServer({
    fetch: (request, env) => app.fetch(request, env),
    serverOptions: { maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000 },
  }) as Server;
  await listening(server, host, port);
  // Health must not keep a process alive whose daemon has ended.
  server.unref();
  const address = server.address();
  const actual = typeof address === 'object' && address !== null ? address.port : port;
  let closed: Promise<void> | null = null;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}`,
    replace: (next) => {
      app = httpApp(next);
    },
    close: () => (closed ??= close(server)),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, host, port)));
    server.listen(port, host, resolve);
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), GRACE);
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
