import type { Logger } from 'pino';
import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { History } from '../history/history.ts';
import { createLog } from '../observe/log.ts';
import { Service } from '../service.ts';
import type { InspectorOptions } from '../inspecting/inspector.ts';
import type { Inspection } from '../inspection.ts';
import type { Invocation } from './command.ts';
import { readLoaded } from './read-config.ts';
import { Reloading } from './reloading.ts';
import { RunServer } from './run-server.ts';
import { serviceManager } from './service-manager.ts';
import { aborted } from './stopping.ts';
import { walhookVersion } from './version.ts';

export interface RunHooks {
  /** It streams, or stands by: what comes from now on is not of the start. May be called more than once. */
  readonly onState: () => void;
}

/** The daemon, with its HTTP server and what systemd is told. */
export async function runDaemon(invocation: Invocation, hooks: RunHooks): Promise<ExitCode> {
  const log = await createLog({ level: invocation.options.logLevel ?? 'info' });
  try {
    return await runWith(log, invocation, hooks);
  } catch (error) {
    // It has not started, and stderr says so to whoever started it. A log that is collected is to have it too; on a terminal it would be there twice.
    if (!process.stdout.isTTY) fatal(log, error);
    throw error;
  }
}

async function runWith(log: Logger, { options, stop }: Invocation, { onState }: RunHooks): Promise<ExitCode> {
  const loaded = readLoaded(options.config);
  const { config } = loaded;
  const stopped = aborted(stop);
  const manager = serviceManager(log);
  // Before it could be reloaded it must not be ended by the signal.
  let reloading: Reloading | null = null;
  process.on('SIGHUP', () => reloading?.request());

  let service: Service | null = null;
  let inspector: Promise<Inspection> | null = null;
  const inspection = async (): Promise<Inspection | null> => (service === null || reloading === null ? null : (inspector ??= inspecting({ service, reloading, state: () => server.state, log })));
  const server: RunServer = await RunServer.open(config, log, { service: () => service, inspection, reloads: () => reloading?.facts ?? null });
  log.info({ version: walhookVersion(), pid: process.pid, config: options.config }, `walhook starts; health and status are on ${server.url}`);
  service = new Service({
    config,
    log,
    version: walhookVersion(),
    // For bench/measures/history.ts, which measures what it costs.
    ...(process.env['WALHOOK_BENCH_WITHOUT_HISTORY'] === '1' ? {} : { history: new History() }),
    onState: (state) => {
      onState();
      manager.ready(state === 'standby' ? 'standing by: another walhook has the slot' : 'streaming');
    },
  });
  reloading = new Reloading({ loaded, log, service, server, manager });
  await Promise.race([service.started, stopped]);
  try {
    await Promise.race([service.done, stopped]).finally(() => manager.stopping());
    const isStreaming = service.daemon !== null;
    if (isStreaming) log.info('draining');
    await server.endActions();
    await service.stop();
    log.info(isStreaming ? 'drained and stopped' : 'stopped before it streamed');
    return EXIT.ok;
  } catch (error) {
    return ended(log, error);
  } finally {
    await server.close();
    await manager.told();
  }
}

/** For people alone: a daemon that nobody looks at does without it. */
async function inspecting(options: Pick<InspectorOptions, 'service' | 'reloading' | 'state' | 'log'> & { readonly service: Service }): Promise<Inspection> {
  const { Inspector } = await import('../inspecting/inspector.ts');
  const { history } = options.service;
  return new Inspector({ ...options, traffic: history, changes: history });
}

/** The log is where the reason is looked for: stderr says nothing besides. */
function ended(log: Logger, error: unknown): ExitCode {
  fatal(log, error);
  return error instanceof WalhookError ? error.exit : EXIT.failure;
}

function fatal(log: Logger, error: unknown): void {
  log.fatal({ err: error }, `walhook ends: ${error instanceof WalhookError ? error.message : 'unexpected error'}`);
}
