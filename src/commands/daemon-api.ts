import type { ServerConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { askDaemon, type Question, tokenRefused } from './daemon-client.ts';

/**
 * What the running daemon answers on `/api/v1/<path>`.
 *
 * @throws WalhookError as `askDaemon` does, `daemon_token`, and what the daemon itself refuses with.
 */
export async function askApi(server: ServerConfig, path: string, question: Question = {}): Promise<object> {
  const { status, body } = await askDaemon(server, `/api/v1/${path}`, question);
  if ((status === 200 || status === 201 || status === 202) && typeof body === 'object' && body !== null) return body;
  throw status === 401 ? tokenRefused(server) : refusal(status, body);
}

/** `?a=1&b=x` of what is given; nothing if nothing is. */
export function queryString(values: Readonly<Record<string, unknown>>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)])).toString()}`;
}

/** What an RFC 9457 problem says, as the daemon's own error. */
function refusal(status: number, body: unknown): WalhookError {
  const told: { readonly detail?: unknown; readonly code?: unknown; readonly hint?: unknown } = typeof body === 'object' && body !== null ? body : {};
  const hint = textOf(told.hint);
  const code = textOf(told.code);
  return new WalhookError(textOf(told.detail) ?? `the daemon answers with status ${status}`, {
    code: code ?? 'daemon_refuses',
    ...(hint === null ? {} : { hint }),
    ...(code === 'state_unavailable' ? { exit: EXIT.unavailable } : {}),
  });
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
