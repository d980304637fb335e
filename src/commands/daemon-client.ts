import type { ServerConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { codeOf } from '../reaction.ts';
import type { DaemonReport } from './daemon-report.ts';

/** A daemon that does not answer in this time is not well, in milliseconds. */
const PATIENCE = 3_000;

export interface Question {
  /** Sent as JSON, by POST. */
  readonly body?: object;
  /** Milliseconds to wait for the answer. Default 3,000. */
  readonly patience?: number;
}

export interface Answer {
  readonly status: number;
  /** Parsed JSON; null if it is none. */
  readonly body: unknown;
}

/** Asks for `/api/v1/status`. Throws as `askDaemon` does, and `daemon_token` or `not_walhook` for what else may answer. */
export async function askStatus(server: ServerConfig): Promise<DaemonReport> {
  const { status, body } = await askDaemon(server, '/api/v1/status');
  if (status === 200 && typeof body === 'object' && body !== null && 'state' in body && 'endpoints' in body) return body as DaemonReport;
  throw status === 401 ? tokenRefused(server) : notWalhook(server, status);
}

export function tokenRefused(server: ServerConfig): WalhookError {
  return new WalhookError(`${daemonUrl(server) ?? ''} refuses the token: it runs with another server.token`, { code: 'daemon_token' });
}

function notWalhook(server: ServerConfig, status: number): WalhookError {
  return new WalhookError(`what answers on ${daemonUrl(server) ?? ''} is no walhook (status ${status})`, { code: 'not_walhook' });
}

/**
 * The state of the daemon that answers, without asking its database; null if none answers.
 *
 * @throws WalhookError `not_walhook` for whatever else answers.
 */
export async function daemonState(server: ServerConfig): Promise<string | null> {
  try {
    const { status, body } = await askDaemon(server, '/readyz');
    if ((status === 200 || status === 503) && typeof body === 'object' && body !== null && 'state' in body) return String(body.state);
    throw notWalhook(server, status);
  } catch (error) {
    if (error instanceof WalhookError && error.code === 'daemon_silent') return null;
    throw error;
  }
}

/** Where a daemon with this configuration is to be asked from its own machine. Null if it took any free port. */
export function daemonUrl({ host, port }: ServerConfig): string | null {
  if (port === 0) return null;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/**
 * Asks the running daemon.
 *
 * @throws WalhookError `daemon_silent` if nothing answers.
 */
export async function askDaemon(server: ServerConfig, path: string, { body, patience = PATIENCE }: Question = {}): Promise<Answer> {
  const url = daemonUrl(server);
  if (url === null) {
    throw new WalhookError('server.listen has port 0, so where the daemon listens is in its log alone', {
      code: 'daemon_silent',
      hint: 'server: { listen: 127.0.0.1:9464 }',
    });
  }
  try {
    const response = await fetch(`${url}${path}`, {
      headers: {
        ...(server.token === null ? {} : { authorization: `Bearer ${server.token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.timeout(patience),
    });
    return { status: response.status, body: parsed(await response.text()) };
  } catch (cause) {
    throw new WalhookError(`nothing answers on ${url} (${reason(cause, patience)})`, { code: 'daemon_silent', hint: 'walhook run', cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** fetch hides the socket's error in `cause`. */
function reason(error: unknown, patience: number): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'TimeoutError') return `no answer within ${patience / 1000} s`;
  return codeOf(error.cause) ?? error.message;
}
