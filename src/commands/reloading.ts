import type { Logger } from 'pino';
import { ConfigError } from '../config/problem.ts';
import { WalhookError } from '../errors.ts';
import type { Service } from '../service.ts';
import { readConfig } from './read-config.ts';
import type { RunServer } from './run-server.ts';
import type { ServiceManager } from './service-manager.ts';

export interface ReloadingOptions {
  /** Path of the configuration file. */
  readonly file: string;
  readonly log: Logger;
  readonly service: Service;
  readonly server: RunServer;
  readonly manager: ServiceManager;
}

/** Reads the configuration again when asked to: one reload at a time, and one more for all that was asked meanwhile. */
export class Reloading {
  readonly #options: ReloadingOptions;
  #running = false;
  #asked = false;

  constructor(options: ReloadingOptions) {
    this.#options = options;
  }

  request(): void {
    this.#asked = true;
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#asked) {
      this.#asked = false;
      this.#options.manager.reloading();
      await this.#once().catch((error: unknown) => this.#refused(error));
      this.#options.manager.ready(`${this.#options.service.status().state}, configuration read again`);
    }
    this.#running = false;
  }

  async #once(): Promise<void> {
    const { file, log, service, server } = this.#options;
    log.info({ config: file }, 'SIGHUP: reading the configuration again');
    const config = readConfig(file);
    const next = await server.next(config);
    try {
      await service.reload(config);
    } catch (error) {
      await next.discard();
      throw error;
    }
    await next.commit();
    log.info('the new configuration is applied');
  }

  #refused(error: unknown): void {
    const { log } = this.#options;
    if (error instanceof ConfigError) for (const { line, column, path, message } of error.problems) log.error(`${error.file}:${line}:${column} ${path}: ${message}`);
    else log.error({ err: error }, error instanceof WalhookError ? error.message : 'unexpected error');
    log.error('the configuration is not applied: the one before goes on');
  }
}
