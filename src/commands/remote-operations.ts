import type { ServerConfig } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { BulkAction, ListQuery, Operations, Selection, StoredDetail, StoredList, Tally } from '../operations.ts';
import { askDaemon, type Question, tokenRefused } from './daemon-client.ts';

/** A list or a count may read a large table; a bulk action goes on for as long as it takes. Milliseconds. */
const READING = 60_000;
const ACTING = 280_000;

/** Operations that a running daemon does. Throws `daemon_silent` if it has gone meanwhile. */
export class RemoteOperations implements Operations {
  readonly #server: ServerConfig;

  constructor(server: ServerConfig) {
    this.#server = server;
  }

  async list(query: ListQuery): Promise<StoredList> {
    const { ids: _, before: __, ...asked } = query;
    const given = Object.entries(asked).filter(([, value]) => value !== undefined);
    const parameters = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
    return (await this.#ask(`deliveries?${parameters.toString()}`, { patience: READING })) as StoredList;
  }

  async show(id: string): Promise<readonly StoredDetail[]> {
    const { deliveries } = (await this.#ask(`deliveries/${encodeURIComponent(id)}`, { patience: READING })) as { deliveries: readonly StoredDetail[] };
    return deliveries;
  }

  async count(action: BulkAction, selection: Selection): Promise<Tally> {
    return (await this.#ask(`deliveries/${action}`, { body: { ...bodyOf(action, selection), dry_run: true }, patience: READING })) as Tally;
  }

  async act(action: BulkAction, selection: Selection): Promise<Tally> {
    return (await this.#ask(`deliveries/${action}`, { body: bodyOf(action, selection), patience: ACTING })) as Tally;
  }

  async pause(endpoint: string, given: string | null): Promise<string> {
    const { reason } = (await this.#ask(`endpoints/${encodeURIComponent(endpoint)}/pause`, { body: given === null ? {} : { reason: given } })) as { reason: string };
    return reason;
  }

  async resume(endpoint: string): Promise<void> {
    await this.#ask(`endpoints/${encodeURIComponent(endpoint)}/resume`, { body: {} });
  }

  async #ask(path: string, question: Question): Promise<unknown> {
    const { status, body } = await askDaemon(this.#server, `/api/v1/${path}`, question);
    if (status === 200 && typeof body === 'object' && body !== null) return body;
    throw status === 401 ? tokenRefused(this.#server) : refusal(status, body);
  }
}

/** A replay is of dead letters alone, and a selection that nothing narrows down says so. */
function bodyOf(action: BulkAction, { state, ...narrowing }: Selection): object {
  const { ids, endpoint, hook, table } = narrowing;
  const isAll = [ids, endpoint, hook, table].every((given) => given === undefined);
  return { ...(action === 'discard' ? { state } : {}), ...narrowing, ...(isAll ? { all: true } : {}) };
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
