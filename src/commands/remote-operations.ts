import type { ActionReport } from '../actions.ts';
import type { ServerConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import type { BulkAction, BulkProgress, ListQuery, Operations, Selection, StoredDetail, StoredList, Tally } from '../operations.ts';
import { askApi, queryString } from './daemon-api.ts';
import type { Question } from './daemon-client.ts';
import { pause } from './stopping.ts';

/** A list or a count may read a large table; a bulk action goes on for as long as it takes. Milliseconds. */
const READING = 60_000;
const ACTING = 280_000;
/** Between two looks at an action in the background: a moment first, then longer. Milliseconds. */
const FIRST_LOOK = 50;
const LOOKS = 500;

/** Operations that a running daemon does. Throws `daemon_silent` if it has gone meanwhile. */
export class RemoteOperations implements Operations {
  readonly #server: ServerConfig;

  constructor(server: ServerConfig) {
    this.#server = server;
  }

  async list(query: ListQuery): Promise<StoredList> {
    const { ids: _, key = {}, ...asked } = query;
    const columns = Object.fromEntries(Object.entries(key).map(([column, text]): [string, string] => [`key.${column}`, text]));
    return (await this.#ask(`deliveries${queryString({ ...asked, ...columns })}`, { patience: READING })) as StoredList;
  }

  async show(id: string): Promise<readonly StoredDetail[]> {
    const { deliveries } = (await this.#ask(`deliveries/${encodeURIComponent(id)}`, { patience: READING })) as { deliveries: readonly StoredDetail[] };
    return deliveries;
  }

  async count(action: BulkAction, selection: Selection): Promise<Tally> {
    return (await this.#ask(`deliveries/${action}`, { body: { ...bodyOf(action, selection), dry_run: true }, patience: READING })) as Tally;
  }

  /** With `progress` the daemon does it in the background, where it can be cancelled; of the tally only the count is known then. */
  async act(action: BulkAction, selection: Selection, progress?: BulkProgress): Promise<Tally> {
    if (progress !== undefined) return this.#watch(action, selection, progress);
    return (await this.#ask(`deliveries/${action}`, { body: bodyOf(action, selection), patience: ACTING })) as Tally;
  }

  async #watch(action: BulkAction, selection: Selection, { onDone, signal }: BulkProgress): Promise<Tally> {
    let report = (await this.#ask(`deliveries/${action}`, { body: { ...bodyOf(action, selection), background: true }, patience: READING })) as ActionReport;
    const path = `actions/${encodeURIComponent(report.id)}`;
    for (let wait = FIRST_LOOK, isCancelled = false; report.state === 'running'; wait = Math.min(LOOKS, wait * 2)) {
      await (isCancelled ? pause(wait, new AbortController().signal) : pause(wait, signal));
      if (signal.aborted && !isCancelled) {
        isCancelled = true;
        // One that has just ended cannot be cancelled any more: the next look tells.
        await this.#ask(`${path}/cancel`, { body: {} }).catch(ignoreEnded);
      }
      report = (await this.#ask(path, {})) as ActionReport;
      onDone(report.done);
    }
    if (report.state === 'failed') throw new WalhookError(`${report.message ?? 'it failed'}; ${report.done} of ${report.total} were done`, { code: 'action_failed' });
    return { count: report.done, endpoints: {}, not_configured: {}, as_of: report.started_at };
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

function ignoreEnded(error: unknown): void {
  if (!(error instanceof WalhookError && error.code === 'action_ended')) throw error;
}

/** A selection that nothing but time narrows down says so. */
function bodyOf(action: BulkAction, { state, ...narrowing }: Selection): object {
  const { ids, endpoint, hook, table } = narrowing;
  const isAll = [ids, endpoint, hook, table].every((given) => given === undefined);
  return { ...(action === 'discard' || state === 'delivered' ? { state } : {}), ...narrowing, ...(isAll ? { all: true } : {}) };
}
