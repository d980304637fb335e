import type { Logger } from 'pino';
import type { BackfillReport } from '../backfills.ts';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import type { HttpAppOptions } from '../observe/http-app.ts';
import { type HttpServer, startHttpServer } from '../observe/http-server.ts';
import { RecentAnswer } from '../observe/recent-answer.ts';
import type { Service } from '../service.ts';
import { daemonReport } from './daemon-report.ts';
import { StateReader } from './state-reader.ts';
import { StoredOperations } from './stored-operations.ts';
import { walhookVersion } from './version.ts';

/** A server that is ready to take the place of the one before. */
export interface NextServer {
  /** The configuration has been applied. */
  commit(): Promise<void>;
  /** It has not: all stays as it was. */
  discard(): Promise<void>;
}

/** The HTTP server of `walhook run`, which stays up while the configuration changes. */
export class RunServer {
  /** Rejects as `startHttpServer` does. */
  static async open(config: Config, log: Logger, service: () => Service | null): Promise<RunServer> {
    const state = new StateReader(config);
    return new RunServer(log, service, { config, state, http: await startHttpServer({ ...config.server, ...routes({ config, state, log, service }) }) });
  }

  readonly #log: Logger;
  readonly #service: () => Service | null;
  #current: Serving;

  private constructor(log: Logger, service: () => Service | null, current: Serving) {
    this.#log = log;
    this.#service = service;
    this.#current = current;
  }

  get url(): string {
    return this.#current.http.url;
  }

  /** Listens where another configuration says, besides. Rejects if that is not possible. */
  async next(config: Config): Promise<NextServer> {
    const old = this.#current;
    const { host, port } = config.server;
    const state = new StateReader(config);
    const app = { ...config.server, ...routes({ config, state, log: this.#log, service: this.#service }) };
    if (host === old.config.server.host && port === old.config.server.port) {
      return {
        commit: async () => {
          old.http.replace(app);
          this.#current = { config, state, http: old.http };
          await old.state.close();
        },
        discard: () => state.close(),
      };
    }
    // One port cannot be listened on twice, whatever the address.
    const isSamePort = port === old.config.server.port;
    if (isSamePort) await old.http.close();
    const reopen = async (): Promise<void> => {
      if (isSamePort) this.#current = { ...old, http: await startHttpServer({ ...old.config.server, ...routes({ ...old, log: this.#log, service: this.#service }) }) };
    };
    try {
      const http = await startHttpServer(app);
      return {
        commit: async () => {
          this.#current = { config, state, http };
          this.#log.info(`health and status are on ${http.url}`);
          await Promise.all([old.http.close(), old.state.close()]);
        },
        discard: async () => {
          await Promise.all([http.close(), state.close()]);
          await reopen();
        },
      };
    } catch (error) {
      await reopen();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#current.http.close();
    await this.#current.state.close();
  }
}

interface Serving {
  readonly config: Config;
  readonly state: StateReader;
  readonly http: HttpServer;
}

function routes({ config, state, log, service }: { config: Config; state: StateReader; log: Logger; service: () => Service | null }): Omit<HttpAppOptions, 'host' | 'token'> {
  const status = () => service()?.status() ?? STARTING;
  const activeBackfills = (): Promise<readonly BackfillReport[] | null> =>
    Promise.resolve(service()?.daemon?.backfills?.list({ active: true }) ?? []).catch((error: unknown) => {
      log.warn({ err: error }, 'status: backfills cannot be listed');
      return null;
    });
  const countsOfLate = new RecentAnswer({
    ask: () => state.counts(),
    onError: (error) => log.warn({ err: error }, 'metrics: parked and dead deliveries cannot be counted'),
  });
  const backfillsOfLate = new RecentAnswer({
    // Where there is no stream, another daemon may run some.
    ask: async () => (await service()?.daemon?.backfills?.list({ active: true })) ?? null,
    onError: (error) => log.warn({ err: error }, 'metrics: backfills cannot be listed'),
  });
  return {
    readiness: status,
    status: async () => {
      const counts = await state.counts().catch((error: unknown) => {
        log.warn({ err: error }, 'status: parked and dead deliveries cannot be counted');
        return null;
      });
      return daemonReport(status(), { stored: counts, backfills: await activeBackfills(), version: walhookVersion() });
    },
    metrics: async () => {
      // What is stored of endpoints is told by the daemon that sends to them, not by one that stands by as well.
      const [stored, backfills] = await Promise.all([status().endpoints.length === 0 ? null : countsOfLate.get(), backfillsOfLate.get()]);
      return { ...daemonReport(status(), { stored, backfills, version: walhookVersion() }), hooks: config.hooks.map(({ name }) => name) };
    },
    operations: () => {
      const acting = service()?.daemon?.acting ?? null;
      if (acting === null) throw notRunning(status().state);
      return new StoredOperations({ config, ...acting, now: () => state.now() });
    },
    backfills: () => {
      const found = service()?.daemon?.backfills ?? null;
      if (found === null) throw notRunning(status().state);
      return found;
    },
    audit: (line) => log.info({ audit: line }, `audit: ${line.action}`),
    onError: (error) => log.error({ err: error }, 'a request to the HTTP server failed'),
  };
}

function notRunning(state: string): WalhookError {
  return new WalhookError(`walhook is ${state}, not streaming: try again in a moment`, { code: 'not_running' });
}

const STARTING = { problems: [], state: 'starting', slot: '', received: '', confirmed: '', behind: null, in_flight: { deliveries: 0, bytes: 0 }, endpoints: [], wal: null } as const;
