import type { Logger } from 'pino';
import { EXIT, type ExitCode, WalhookError } from '../errors.ts';
import { createLog } from '../observe/log.ts';
import { refuseLoneRole, roleOf } from '../role.ts';
import type { Invocation } from './command.ts';
import { readLoaded } from './read-config.ts';
import type { Reloading } from './reloading.ts';
import { served, type ServedOptions } from './served.ts';
import { serviceManager } from './service-manager.ts';
import { aborted } from './stopping.ts';

export interface RunParts extends Pick<ServedOptions, 'history'> {
  /** It streams, or stands by: what comes from now on is not of the start. May be called more than once. */
  readonly onState: () => void;
}

/** The daemon, with its HTTP server and what systemd is told. */
export async function runDaemon(invocation: Invocation, parts: RunParts): Promise<ExitCode> {
  const log = await createLog({ level: invocation.options.logLevel ?? 'info' });
  try {
    return await runWith(log, invocation, parts);
  } catch (error) {
    // It has not started, and stderr says so to whoever started it. A log that is collected is to have it too; on a terminal it would be there twice.
    if (!process.stdout.isTTY) fatal(log, error);
    throw error;
  }
}

async function runWith(log: Logger, { options, stop }: Invocation, { onState, ...parts }: RunParts): Promise<ExitCode> {
  const loaded = readLoaded(options.config);
  const role = roleOf(options.role ?? 'all');
  refuseLoneRole(role, loaded.config);
  const stopped = aborted(stop);
  const manager = serviceManager(log);
  // Before it could be reloaded it must not be ended by the signal.
  let reloading: Reloading | null = null;
  process.on('SIGHUP', () => reloading?.request());

  const { service, server, ...running } = await served({
    loaded,
    log,
    manager,
    ...parts,
    role,
    onState: (state) => {
      onState();
      manager.ready(state === 'standby' ? 'standing by: another walhook has the slot' : 'streaming');
    },
  });
  ({ reloading } = running);
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

/** The log is where the reason is looked for: stderr says nothing besides. */
function ended(log: Logger, error: unknown): ExitCode {
  fatal(log, error);
  return error instanceof WalhookError ? error.exit : EXIT.failure;
}

function fatal(log: Logger, error: unknown): void {
  log.fatal({ err: error }, `walhook ends: ${error instanceof WalhookError ? error.message : 'unexpected error'}`);
}
