import type { ServerConfig } from '../config.ts';
import type { BulkAction, ListQuery, Operations, Selection, StoredDetail, StoredList, Tally } from '../operations.ts';
import { askApi, queryString } from './daemon-api.ts';
import type { Question } from './daemon-client.ts';

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
    const { ids: _, key = {}, ...asked } = query;
    const columns = Object.entries(key).map(([column, text]) => [`key.${column}`, text]);
    return (await this.#ask(`deliveries${queryString({ ...asked, ...Object.fromEntries(columns) })}`, { patience: READING })) as StoredList;
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

  #ask(path: string, question: Question): Promise<unknown> {
    return askApi(this.#server, path, question);
  }
}

/** A selection that nothing but time narrows down says so. */
function bodyOf(action: BulkAction, { state, ...narrowing }: Selection): object {
  const { ids, endpoint, hook, table } = narrowing;
  const isAll = [ids, endpoint, hook, table].every((given) => given === undefined);
  return { ...(action === 'discard' || state === 'delivered' ? { state } : {}), ...narrowing, ...(isAll ? { all: true } : {}) };
}
