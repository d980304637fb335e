import type { BackfillOperations, BackfillReport, BackfillRequest } from '../backfills.ts';
import type { ServerConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { askApi, queryString } from './daemon-api.ts';
import type { Question } from './daemon-client.ts';

/** A condition is checked against the database before a backfill begins. Milliseconds. */
const BEGINNING = 60_000;

/** Backfills of the running daemon. Each throws `daemon_silent` if there is none: they are put into its stream. */
export class RemoteBackfills implements BackfillOperations {
  readonly #server: ServerConfig;

  constructor(server: ServerConfig) {
    this.#server = server;
  }

  begin(request: BackfillRequest): Promise<BackfillReport> {
    return this.#ask('', { body: request, patience: BEGINNING });
  }

  async list(query: { readonly hook?: string; readonly active?: boolean } = {}): Promise<readonly BackfillReport[]> {
    return (await this.#ask<{ readonly backfills: readonly BackfillReport[] }>(queryString(query))).backfills;
  }

  show(id: string): Promise<BackfillReport> {
    return this.#ask(`/${encodeURIComponent(id)}`);
  }

  pause(id: string): Promise<BackfillReport> {
    return this.#ask(`/${encodeURIComponent(id)}/pause`, { body: {} });
  }

  resume(id: string): Promise<BackfillReport> {
    return this.#ask(`/${encodeURIComponent(id)}/resume`, { body: {} });
  }

  cancel(id: string): Promise<BackfillReport> {
    return this.#ask(`/${encodeURIComponent(id)}/cancel`, { body: {} });
  }

  async #ask<Shape = BackfillReport>(path: string, question: Question = {}): Promise<Shape> {
    try {
      return (await askApi(this.#server, `backfills${path}`, question)) as Shape;
    } catch (error) {
      if (!(error instanceof WalhookError && error.code === 'daemon_silent')) throw error;
      throw new WalhookError(`a backfill goes through the running daemon, and ${error.message}`, { code: error.code, ...(error.hint === null ? {} : { hint: error.hint }), cause: error });
    }
  }
}
