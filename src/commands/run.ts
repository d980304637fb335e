import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { Daemon, type DaemonStatus } from '../daemon.ts';
import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { type HttpServer, startHttpServer } from '../observe/http-server.ts';
import { createLog } from '../observe/log.ts';
import { SystemdNotifier } from '../observe/systemd.ts';
import type { Verb } from './command.ts';
import { daemonReport } from './daemon-report.ts';
import { readConfig } from './read-config.ts';
import { StateReader } from './state-reader.ts';
import { aborted } from './stopping.ts';
import { walhookVersion } from './version.ts';

/** `walhook run`: the daemon, with its HTTP server and what systemd is told. */
export const run: Verb = async ({ options, stop }) => {
  const config = readConfig(options.config);
  const log = await createLog({ level: options.logLevel ?? 'info' });
  const stopped = aborted(stop);
  process.on('SIGHUP', () => log.warn('SIGHUP: reload is not supported yet; nothing has changed, restart to read the configuration again'));
  const service = serviceManager(log);

  let daemon: Daemon | null = null;
  const http = await serve(config, log, () => daemon?.status() ?? STARTING);
  log.info({ version: walhookVersion(), pid: process.pid, config: options.config }, `walhook starts; health and status are on ${http.url}`);
  const started = Daemon.start({ config, log, version: walhookVersion() });
  // Until it streams there is nothing to drain: what a start leaves half done, the next one finds.
  daemon = await Promise.race([started, stopped]);
  if (daemon === null) {
    log.info('stopped before it streamed');
    return EXIT.ok;
  }
  service.ready();
  try {
    await Promise.race([daemon.done, stopped]).finally(() => service.stopping());
    log.info('draining');
    await daemon.stop();
    log.info('drained and stopped');
    return EXIT.ok;
  } catch (error) {
    return ended(log, error);
  } finally {
    await http.close();
    await service.told();
  }
};

const STARTING: DaemonStatus = {
  problems: [],
  state: 'starting',
  slot: '',
  received: '',
  confirmed: '',
  in_flight: { deliveries: 0, bytes: 0 },
  endpoints: [],
};

function serve(config: Config, log: Logger, status: () => DaemonStatus): Promise<HttpServer> {
  const state = new StateReader(config);
  return startHttpServer({
    ...config.server,
    readiness: status,
    status: async () => {
      const counts = await state.counts().catch((error: unknown) => {
        log.warn({ err: error }, 'status: parked and dead deliveries cannot be counted');
        return null;
      });
      return daemonReport(status(), counts, walhookVersion());
    },
    operations: () => {
      throw new WalhookError('walhook is not streaming yet: try again in a moment', { code: 'not_running' });
    },
    audit: (line) => log.info({ audit: line }, `audit: ${line.action}`),
    onError: (error) => log.error({ err: error }, 'a request to the HTTP server failed'),
  });
}

interface ServiceManager {
  ready(): void;
  stopping(): void;
  /** Resolves once all that was to be said has been said. */
  told(): Promise<void>;
}

/** systemd, where it started us. Watchdog beats go on during a drain, which may take longer than its patience. */
function serviceManager(log: Logger): ServiceManager {
  const notifier = SystemdNotifier.fromEnv(process.env, (message) => log.warn(message));
  if (notifier === null) return { ready: () => {}, stopping: () => {}, told: () => Promise.resolve() };
  let last = Promise.resolve();
  return {
    ready: () => {
      last = notifier.ready();
      if (notifier.watchdogEvery !== null) setInterval(() => void notifier.watchdog(), notifier.watchdogEvery);
    },
    stopping: () => {
      last = notifier.stopping();
    },
    told: () => last,
  };
}

/** The log is where the reason is looked for: stderr says nothing besides. */
function ended(log: Logger, error: unknown): ExitCode {
  const message = error instanceof WalhookError ? error.message : 'unexpected error';
  log.fatal({ err: error }, `walhook ends: ${message}`);
  return error instanceof WalhookError ? error.exit : EXIT.failure;
}
