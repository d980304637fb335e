import type { Logger } from 'pino';
import type { BackfillReport } from '../backfills.ts';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import type { Inspection } from '../inspection.ts';
import type { HttpAppOptions } from '../observe/http-app.ts';
import { type HttpServer, startHttpServer } from '../observe/http-server.ts';
import { processFacts } from '../observe/process-facts.ts';
import type { ReloadFacts } from '../observe/metric-facts.ts';
import { RecentAnswer } from '../observe/recent-answer.ts';
import type { Operations } from '../operations.ts';
import type { DaemonStatus } from '../daemon-status.ts';
import type { Service } from '../service.ts';
import { BackgroundActions } from './background-actions.ts';
import { concealedTraffic } from './concealed-traffic.ts';
import { daemonReport } from './daemon-report.ts';
import { FleetReader } from './fleet-reader.ts';
import { noBackfills } from './other-role.ts';
import { StateReader } from './state-reader.ts';
import { StoredOperations } from './stored-operations.ts';
import { trafficFacts } from './traffic-facts.ts';
import { walhookVersion } from './version.ts';

/** A server that is ready to take the place of the one before. */
export interface NextServer {
  /** The configuration has been applied. */
  commit(): Promise<void>;
  /** It has not: all stays as it was. */
  discard(): Promise<void>;
}

/** What is there once walhook has begun to start. */
export interface RunParts {
  readonly service: () => Service | null;
  /** Asked for with the first request that is not about health: what it is made of is loaded then. */
  readonly inspection: () => Promise<Inspection | null>;
  readonly reloads: () => ReloadFacts | null;
  /** Hides what is secret in the configuration that runs. */
  readonly conceal: (text: string) => string;
}

/** How long a server that another one takes the place of may answer what it was asked, in milliseconds: a reload too, which takes as long as a drain. */
const LAST_ANSWERS = 60_000;

/** The HTTP server of `walhook run`, which stays up while the configuration changes. */
export class RunServer {
  /** Rejects as `startHttpServer` does. */
  static async open(config: Config, log: Logger, parts: RunParts): Promise<RunServer> {
    const configured = readersOf(config, log);
    let current = configured;
    const actions = new BackgroundActions({
      operations: () => operationsOf({ ...current, ...parts }),
      // Its selection, which may name a row, is told where it began.
      onEnd: ({ id, action, state: how, total, done, message }) => log.info({ audit: { id, action, state: how, total, done, message } }, `audit: ${action}, ${how}`),
      onError: (error) => log.error({ err: error }, 'a bulk action failed'),
    });
    const wiring: Wiring = { log, ...parts, actions, onCurrent: (next) => (current = next) };
    return new RunServer(wiring, { ...configured, http: await startHttpServer({ ...config.server, ...routes(configured, wiring) }) });
  }

  readonly #wiring: Wiring;
  #current: Serving;

  private constructor(wiring: Wiring, current: Serving) {
    this.#wiring = wiring;
    this.#current = current;
  }

  /** Looks into the state of the configuration that is served. */
  get state(): StateReader {
    return this.#current.state;
  }

  /** Asks the broker of the configuration that is served. */
  get fleet(): FleetReader {
    return this.#current.fleet;
  }

  get url(): string {
    return this.#current.http.url;
  }

  /** Listens where another configuration says, besides. Rejects if that is not possible. */
  async next(config: Config): Promise<NextServer> {
    const old = this.#current;
    const { host, port } = config.server;
    const configured = readersOf(config, this.#wiring.log);
    const app = { ...config.server, ...routes(configured, this.#wiring) };
    if (host === old.config.server.host && port === old.config.server.port) {
      return {
        commit: async () => {
          old.http.replace(app);
          this.#become({ ...configured, http: old.http });
          await closeReaders(old);
        },
        discard: () => closeReaders(configured),
      };
    }
    // One port cannot be listened on twice, whatever the address.
    const isSamePort = port === old.config.server.port;
    if (isSamePort) void old.http.close(LAST_ANSWERS);
    const reopen = async (): Promise<void> => {
      if (isSamePort) this.#current = { ...old, http: await startHttpServer({ ...old.config.server, ...routes(old, this.#wiring) }) };
    };
    try {
      const http = await startHttpServer(app);
      return {
        commit: async () => {
          this.#become({ ...configured, http });
          this.#wiring.log.info(`health and status are on ${http.url}`);
          // Not waited for: the request that asked for the reload is among those that it has to answer yet.
          void old.http.close(LAST_ANSWERS);
          await closeReaders(old);
        },
        discard: async () => {
          await Promise.all([http.close(), closeReaders(configured)]);
          await reopen();
        },
      };
    } catch (error) {
      await Promise.all([closeReaders(configured), reopen()]);
      throw error;
    }
  }

  #become(next: Serving): void {
    this.#current = next;
    this.#wiring.onCurrent(next);
  }

  /** Before the daemon ends: bulk actions that run are left where they are. */
  endActions(): Promise<void> {
    return this.#wiring.actions.close();
  }

  async close(): Promise<void> {
    await this.#wiring.actions.close();
    await this.#current.http.close();
    await closeReaders(this.#current);
  }
}

interface Configured {
  readonly config: Config;
  readonly state: StateReader;
  readonly fleet: FleetReader;
}

function readersOf(config: Config, log: Logger): Configured {
  const fleet = new FleetReader({ config, onError: (error) => log.warn({ err: error }, 'the broker cannot be asked for the workers') });
  return { config, state: new StateReader(config), fleet };
}

async function closeReaders({ state, fleet }: Configured): Promise<void> {
  await Promise.all([state.close(), fleet.close()]);
}

interface Serving extends Configured {
  readonly http: HttpServer;
}

/** What stays while the configuration changes. */
interface Wiring extends RunParts {
  readonly log: Logger;
  readonly actions: BackgroundActions;
  /** Told what is served from now on. */
  readonly onCurrent: (next: Configured) => void;
}

function operationsOf({ config, state, service }: Configured & Pick<Wiring, 'service'>): Operations {
  const acting = service()?.daemon?.acting ?? null;
  if (acting === null) throw notRunning(service()?.status() ?? STARTING);
  return new StoredOperations({ config, ...acting, now: () => state.now() });
}

function routes({ config, state, fleet }: Configured, { log, service, inspection, reloads, conceal, actions }: Wiring): Omit<HttpAppOptions, 'host' | 'token'> {
  const status = () => service()?.status() ?? STARTING;
  const activeBackfills = (): Promise<readonly BackfillReport[] | null> => {
    // A worker has none itself, and others may run some.
    const others = noBackfills(status().engine, config) === null ? [] : state.backfills({ active: true });
    return Promise.resolve(service()?.daemon?.backfills?.list({ active: true }) ?? others).catch((error: unknown) => {
      log.warn({ err: error }, 'status: backfills cannot be listed');
      return null;
    });
  };
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
      const [backfills, engine] = await Promise.all([activeBackfills(), fleet.report(status().engine)]);
      return daemonReport(status(), { stored: counts, backfills, engine, version: walhookVersion() });
    },
    metrics: async () => {
      // What is stored of endpoints is told by the daemon that sends to them, not by one that stands by as well.
      const history = service()?.history ?? null;
      const [stored, backfills, engine] = await Promise.all([status().endpoints.length === 0 ? null : countsOfLate.get(), backfillsOfLate.get(), fleet.report(status().engine)]);
      const reload = reloads();
      return {
        ...daemonReport(status(), { stored, backfills, engine, version: walhookVersion() }),
        hooks: config.hooks.map(({ name }) => name),
        readsTopics: config.source.kafka !== null,
        process: processFacts(),
        ...(history === null ? {} : { traffic: trafficFacts(history) }),
        ...(reload === null ? {} : { reload }),
      };
    },
    operations: () => operationsOf({ config, state, fleet, service }),
    engine: () => fleet.report(status().engine),
    backfills: () => {
      const found = service()?.daemon?.backfills ?? null;
      if (found === null) throw (service()?.daemon ?? null) === null ? notRunning(status()) : (noBackfills(status().engine, config) ?? notRunning(status()));
      return found;
    },
    slot: () => {
      const { slot, state: phase, received, confirmed, behind, wal } = status();
      return { name: slot, state: phase, received, confirmed, behind, wal };
    },
    inspection: async () => {
      const found = await inspection();
      if (found === null) throw notRunning(status());
      return found;
    },
    traffic: () => {
      const found = service()?.history ?? null;
      if (found === null) throw notRunning(status());
      return concealedTraffic(found, conceal);
    },
    actions,
    conceal,
    deliveryContext: async (delivery) => ({
      // For people alone: a daemon that nobody looks at does without it.
      request: await (await import('./stored-request.ts')).storedRequest(delivery, config.endpoints).catch(noRequest),
      behind_it: delivery.state === 'parked' ? ((await service()?.daemon?.acting?.stored.behind(delivery.id, delivery.endpoint)) ?? null) : null,
    }),
    audit: (line) => log.info({ audit: line }, `audit: ${line.action}`),
    onError: (error) => log.error({ err: error }, 'a request to the HTTP server failed'),
  };
}

function notRunning({ state, engine }: Pick<DaemonStatus, 'state' | 'engine'>): WalhookError {
  // A worker between two assignments, or one whose group cannot be reached.
  if (engine !== null && (state === 'streaming' || state === 'reconnecting')) return new WalhookError('the partitions are being dealt anew, and this worker has none: try again in a moment', { code: 'not_running' });
  return new WalhookError(`walhook is ${state}, not streaming: try again in a moment`, { code: 'not_running' });
}

const STARTING = { problems: [], state: 'starting', slot: '', received: '', confirmed: '', behind: null, in_flight: { deliveries: 0, bytes: 0 }, endpoints: [], engine: null, wal: null } as const;

/** There may be none to be made. */
function noRequest(error: unknown): null {
  if (error instanceof WalhookError) return null;
  throw error;
}
