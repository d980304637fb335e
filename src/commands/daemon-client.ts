import type { Config, ServerConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { http } from '../node-http.ts';
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

/** Where a daemon is asked, and which it must be. */
export type Whose = Pick<Config, 'server' | 'source'>;

/** Asks for `/api/v1/status`. Throws as `askDaemon` does, and `daemon_token`, `other_daemon` or `not_walhook` for what else may answer. */
export async function askStatus({ server, source }: Whose): Promise<DaemonReport> {
  const { status, body } = await askDaemon(server, '/api/v1/status');
  if (status === 200 && typeof body === 'object' && body !== null && 'state' in body && 'endpoints' in body) {
    const report = body as DaemonReport;
    if (isOther(report, source.slot)) throw otherDaemon(server, report.slot);
    return report;
  }
  throw status === 401 ? tokenRefused(server) : notWalhook(server, status);
}

/** Two walhooks on one machine may be configured for one port: what is asked of one must not be done by the other. */
function isOther(body: object, slot: string): boolean {
  return 'slot' in body && body.slot !== '' && body.slot !== slot;
}

function otherDaemon(server: ServerConfig, slot: string): WalhookError {
  return new WalhookError(`what answers on ${daemonUrl(server) ?? ''} is another walhook, of slot ${slot}`, { code: 'other_daemon', hint: 'give each its own server.listen' });
}

export function tokenRefused(server: ServerConfig): WalhookError {
  return new WalhookError(`${daemonUrl(server) ?? ''} refuses the token: it runs with another server.token`, { code: 'daemon_token' });
}

function notWalhook(server: ServerConfig, status: number): WalhookError {
  return new WalhookError(`what answers on ${daemonUrl(server) ?? ''} is no walhook (status ${status})`, { code: 'not_walhook' });
}

/**
 * The state of the daemon that answers, without asking its database; null if none does that has this configuration's slot.
 *
 * @throws WalhookError `not_walhook` for whatever else answers.
 */
export async function daemonState({ server, source }: Whose): Promise<string | null> {
  try {
    const { status, body } = await askDaemon(server, '/readyz');
    if ((status === 200 || status === 503) && typeof body === 'object' && body !== null && 'state' in body) return isOther(body, source.slot) ? null : String(body.state);
    throw notWalhook(server, status);
  } catch (error) {
    if (error instanceof WalhookError && error.code === 'daemon_silent') return null;
    throw error;
  }
}

/** In these it can be asked about deliveries and endpoints. */
export const ACTIVE: ReadonlySet<string | null> = new Set(['streaming', 'reconnecting']);

/** True if a daemon answers that has the slot. Throws as `daemonState` does. */
export async function isActive(whose: Whose): Promise<boolean> {
  return ACTIVE.has(await daemonState(whose));
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
    const headers = {
      ...(server.token === null ? {} : { authorization: `Bearer ${server.token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const { status, text } = await exchange(`${url}${path}`, { headers, body: body === undefined ? null : JSON.stringify(body), patience });
    return { status, body: parsed(text) };
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

/** One request over a connection of its own: `fetch` would go by the environment's proxies, which would see the token. */
function exchange(url: string, { headers, body, patience }: { readonly headers: Readonly<Record<string, string>>; readonly body: string | null; readonly patience: number }): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const options = { method: body === null ? 'GET' : 'POST', headers, agent: new http.Agent(), signal: AbortSignal.timeout(patience) };
    const request = http.request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body ?? undefined);
  });
}

function reason(error: unknown, patience: number): string {
  if (!(error instanceof Error)) return 'unknown error';
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `no answer within ${patience / 1000} s`;
  return codeOf(error) ?? error.message;
}
