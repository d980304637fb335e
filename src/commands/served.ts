import type { Logger } from 'pino';
import { SecretTexts } from '../inspecting/secret-texts.ts';
import type { Inspection } from '../inspection.ts';
import { Service, type ServiceOptions } from '../service.ts';
import type { LoadedConfig } from './read-config.ts';
import { Reloading } from './reloading.ts';
import { RunServer } from './run-server.ts';
import type { ServiceManager } from './service-manager.ts';
import { walhookVersion } from './version.ts';

export interface ServedOptions extends Pick<ServiceOptions, 'history' | 'onState' | 'onOutcome' | 'role'> {
  readonly loaded: LoadedConfig;
  readonly log: Logger;
  readonly manager: Pick<ServiceManager, 'reloading' | 'ready'>;
}

/** A service that is about to start, with its HTTP server, which answers already, and what reads its configuration again. */
export interface Served {
  readonly service: Service;
  readonly server: RunServer;
  readonly reloading: Reloading;
}

/** Throws a WalhookError if the server cannot listen: then nothing has been started. */
export async function served({ loaded, log, manager, ...rest }: ServedOptions): Promise<Served> {
  const { config } = loaded;
  let running: Served | null = null;
  let inspector: Promise<Inspection> | null = null;
  const texts = new WeakMap<LoadedConfig, SecretTexts>();
  const server = await RunServer.open(config, log, {
    service: () => running?.service ?? null,
    reloads: () => running?.reloading.facts ?? null,
    conceal: (text) => {
      const current = running?.reloading.loaded ?? loaded;
      const found = texts.get(current) ?? new SecretTexts(current.text, current.sources);
      texts.set(current, found);
      return found.hide(text);
    },
    inspection: async () => (running === null ? null : (inspector ??= inspecting(running, log))),
  });
  const version = walhookVersion();
  log.info({ version, pid: process.pid, config: loaded.path }, `walhook starts; console, health and status are on ${server.url}`);
  const service = new Service({ config, log, version, ...rest });
  running = { service, server, reloading: new Reloading({ loaded, log, service, server, manager, ...(rest.role === undefined ? {} : { role: rest.role }) }) };
  return running;
}

/** For people alone: a daemon that nobody looks at does without it. */
async function inspecting({ service, server, reloading }: Served, log: Logger): Promise<Inspection> {
  const { Inspector } = await import('../inspecting/inspector.ts');
  const { history } = service;
  return new Inspector({ service, reloading, state: () => server.state, traffic: history, changes: history, log });
}
