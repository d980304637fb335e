import type { Logger } from 'pino';
import { ConfigError } from '../config/problem.ts';
import { WalhookError } from '../errors.ts';
import type { ReloadFacts } from '../observe/metric-facts.ts';
import { refuseLoneRole, type Role } from '../role.ts';
import type { Service } from '../service.ts';
import { type LoadedConfig, readLoaded } from './read-config.ts';
import type { RunServer } from './run-server.ts';
import type { ServiceManager } from './service-manager.ts';

export interface ReloadingOptions {
  /** What runs. Its file is read again. */
  readonly loaded: LoadedConfig;
  readonly log: Logger;
  readonly service: Pick<Service, 'reload' | 'status'>;
  readonly server: Pick<RunServer, 'next'>;
  readonly manager: Pick<ServiceManager, 'reloading' | 'ready'>;
  /** What this process goes on doing. Default: all. */
  readonly role?: Role;
}

/** A reload that left everything as it was. */
export interface FailedReload {
  readonly at: Date;
  readonly error: unknown;
}

/** Reads the configuration again when asked to: one reload at a time, and one more for all that was asked meanwhile. */
export class Reloading {
  readonly #options: ReloadingOptions;
  #loaded: LoadedConfig;
  #failed: FailedReload | null = null;
  #facts: ReloadFacts = { applied: 0, refused: 0, isLastApplied: null, appliedAt: null };
  #isSignal = false;
  #running: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(options: ReloadingOptions) {
    this.#options = options;
    this.#loaded = options.loaded;
  }

  /** What runs, or is about to. */
  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  /** The last reload, if it failed. */
  get failed(): FailedReload | null {
    return this.#failed;
  }

  /** For metrics. */
  get facts(): ReloadFacts {
    return this.#facts;
  }

  /** For SIGHUP, which waits for no answer: the log has it. */
  request(): void {
    this.#isSignal = true;
    this.reload().catch(() => undefined);
  }

  /** Resolves once the file, as it is from now on, is applied. Rejects with the reason if it is not: then all stays as it was. */
  reload(): Promise<void> {
    this.#next ??= this.#after(this.#running);
    return this.#next;
  }

  async #after(before: Promise<void> | null): Promise<void> {
    await before?.catch(() => undefined);
    this.#next = null;
    this.#running = this.#run();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { manager, service } = this.#options;
    manager.reloading();
    try {
      await this.#once();
      this.#failed = null;
      this.#facts = { ...this.#facts, applied: this.#facts.applied + 1, isLastApplied: true, appliedAt: Date.now() };
    } catch (error) {
      this.#failed = { at: new Date(), error };
      this.#facts = { ...this.#facts, refused: this.#facts.refused + 1, isLastApplied: false };
      this.#refused(error);
      throw error;
    } finally {
      this.#running = null;
      manager.ready(`${service.status().state}, configuration read again`);
    }
  }

  async #once(): Promise<void> {
    const { log, service, server, role = 'all' } = this.#options;
    const { path, sources } = this.#loaded;
    log.info({ config: path }, `${this.#isSignal ? 'SIGHUP: ' : ''}reading the configuration again`);
    this.#isSignal = false;
    const loaded = readLoaded(path, sources);
    refuseLoneRole(role, loaded.config);
    const next = await server.next(loaded.config);
    try {
      await service.reload(loaded.config);
    } catch (error) {
      await next.discard();
      throw error;
    }
    this.#loaded = loaded;
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
