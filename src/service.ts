import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { WalhookError } from './errors.ts';
import type { History } from './history/history.ts';
import { examine, examineState } from './opening.ts';
import { pause } from './patience.ts';
import { reactionTo } from './reaction.ts';
import type { Role } from './role.ts';
import { target } from './source/connect.ts';
import { connectionError } from './source/connection-error.ts';
import { beginsAnew, type Running } from './running.ts';
import { reconnectDelay } from './source/reconnect-delay.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly log: Logger;
  /** walhook's own version. */
  readonly version: string;
  /** What this process does of the work that `engine` shares. Default: `all`. */
  readonly role?: Role;
  /** Where what goes by is counted, and some of it kept. Default: nowhere. */
  readonly history?: History;
  /** Told of each attempt's outcome: for `demo`, which shows them. */
  readonly onOutcome?: DaemonOptions['onOutcome'];
  /** Told when it streams or stands by, with what is new. */
  readonly onState: (state: 'streaming' | 'standby') => void;
}

/** A new configuration that could not be started so many times, for reasons that may pass, gives way to the one before. */
const PATIENCE = 5;

/** A configuration that is to take the place of the one before. */
interface Change {
  readonly config: Config;
  readonly applied: PromiseWithResolvers<void>;
}

/**
 * One daemon after the other in this process: a new one begins, as a standby, when another process has taken the slot over,
 * and with a new configuration when it is reloaded. There is never more than one, so never a mix of configurations.
 */
export class Service {
  /** Resolves once it streams or stands by for the first time; rejects if it cannot. */
  readonly started: Promise<void>;
  /** Settles when it ends: resolves after `stop`, rejects if it cannot go on. */
  readonly done: Promise<void>;
  /** What went by in this process, whatever the configuration was; null if it is not counted. */
  readonly history: History | null;
  readonly #options: ServiceOptions;
  readonly #up = Promise.withResolvers<void>();
  #isUp = false;
  #config: Config;
  /** What ran before the last change, until that has been applied. */
  #before: Config | null = null;
  #change: Change | null = null;
  #applying: Change | null = null;
  #daemon: Running | null = null;
  #phase: 'starting' | 'standby' = 'starting';
  #interrupt = new AbortController();
  #stopping = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.history = options.history ?? null;
    this.#config = options.config;
    this.started = this.#up.promise;
    this.done = this.#live();
    // Whoever waits for one of them need not wait for the other.
    this.done.catch((error: unknown) => this.#up.reject(error));
    this.started.catch(() => undefined);
  }

  /** The daemon that streams; null while there is none. */
  get daemon(): Running | null {
    return this.#daemon;
  }

  status(): DaemonStatus {
    return this.#daemon?.status() ?? { ...NOTHING, state: this.#phase, slot: this.#config.source.slot };
  }

  /**
   * Puts a configuration in the place of the one that runs, as a whole: what is being sent ends, what waits is parked, then
   * all begins anew. Resolves once it streams, or stands by. One at a time.
   *
   * @throws WalhookError if it cannot be applied: then the one that ran goes on.
   */
  async reload(config: Config): Promise<void> {
    const { source, state } = this.#config;
    if (source.slot !== config.source.slot || state.schema !== config.state.schema || placeOfState(this.#config) !== placeOfState(config)) {
      throw new WalhookError('source.slot, state.schema and the database of the state cannot be changed while walhook runs: what is parked would be left behind', {
        code: 'reload_needs_restart',
        hint: 'stop walhook, then start it with the new configuration',
      });
    }
    if (placeOfEngine(this.#config) !== placeOfEngine(config)) {
      throw new WalhookError('engine cannot be put in, taken out, or moved to another topic, group or number of partitions while walhook runs: what the topic has would be left behind', {
        code: 'reload_needs_restart',
        hint: 'let the workers come to the end of the topic (walhook status), stop walhook everywhere, then start it with the new configuration',
      });
    }
    const from = target(config.source.url);
    // A worker does without the source, but for what is looked up.
    await (this.#options.role === 'deliver' ? examineState(config) : examine(config, from)).catch((error: unknown) => {
      throw connectionError(error, { label: from.label });
    });
    if (this.#stopping) throw new WalhookError('walhook is stopping', { code: 'stopping' });
    const change: Change = { config, applied: Promise.withResolvers() };
    this.#change = change;
    this.#end();
    await change.applied.promise;
  }

  /** Drains, and ends. Does not wait for a start, which leaves nothing half done that the next one does not find. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#end();
    if (this.#daemon !== null) await this.done;
  }

  /** Ends what is under way: the daemon, a start, or a pause before the next one. */
  #end(): void {
    this.#interrupt.abort();
    // What comes of it, `#live` sees.
    this.#daemon?.stop().catch(() => undefined);
  }

  async #live(): Promise<void> {
    for (let failures = 0; !this.#stopping; ) {
      this.#take();
      try {
        await this.#one();
        failures = 0;
      } catch (error) {
        if (this.#stopping) throw error;
        failures = this.#isUp && beginsAnew(error) ? 0 : failures + 1;
        await this.#goOn(error, failures);
      }
    }
  }

  /** One daemon, from its start to its end. */
  async #one(): Promise<void> {
    const { log, version, onOutcome } = this.#options;
    this.#phase = 'starting';
    const { signal } = this.#interrupt;
    const daemon = await this.#begin({
      config: this.#config,
      log,
      version,
      signal,
      ...(this.history === null ? {} : { history: this.history }),
      ...(onOutcome === undefined ? {} : { onOutcome }),
      onStandby: () => this.#arrived('standby'),
    });
    this.#daemon = daemon;
    try {
      if (signal.aborted) await daemon.stop();
      else this.#arrived('streaming');
      await daemon.done;
    } finally {
      this.#daemon = null;
    }
  }

  /** What the configuration and the role ask for. What is not asked for is not loaded. */
  async #begin(options: DaemonOptions): Promise<Running> {
    const { role = 'all' } = this.#options;
    if (options.config.engine === null || role === 'tail') return Daemon.start(options);
    if (role === 'deliver') return (await import('./worker.ts')).Worker.start(options);
    return (await import('./tail-and-worker.ts')).TailAndWorker.start(options);
  }

  #arrived(state: 'streaming' | 'standby'): void {
    if (state === 'standby') this.#phase = state;
    this.#applying?.applied.resolve();
    this.#applying = null;
    this.#before = null;
    this.#isUp = true;
    this.#up.resolve();
    this.#options.onState(state);
  }

  /** Takes the change that waits, if there is one. */
  #take(): void {
    if (this.#interrupt.signal.aborted) this.#interrupt = new AbortController();
    if (this.#change === null) return;
    this.#before = this.#config;
    this.#config = this.#change.config;
    this.#applying = this.#change;
    this.#change = null;
  }

  /** Whether, and how, it goes on after a daemon has ended with an error. */
  async #goOn(error: unknown, failures: number): Promise<void> {
    const { log } = this.#options;
    // A change ended it. What the drain has to say is no reason not to begin.
    if (this.#change !== null) {
      if (!(error instanceof WalhookError && error.code === 'start_ended')) log.error({ err: error }, 'the daemon before the reload did not end in order');
      return;
    }
    if (!this.#isUp) throw error;
    if (beginsAnew(error)) {
      log.warn({ err: error }, 'walhook begins anew, from what is stored; it stands by while another one has the slot');
      return;
    }
    if (this.#before !== null && (!passes(error) || failures >= PATIENCE)) {
      log.error({ err: error }, 'the new configuration cannot be started: the one before is started again');
      this.#config = this.#before;
      this.#before = null;
      this.#applying?.applied.reject(error);
      this.#applying = null;
      return;
    }
    // Once it has run, a fault that passes is waited out, as it is while it streams.
    if (!passes(error)) throw error;
    const delay = reconnectDelay(failures, Math.random());
    log.warn({ err: error }, `walhook cannot begin anew; trying again in ${delay} ms`);
    await pause(delay, this.#interrupt.signal);
  }
}

/** Host, port and database, whoever the user is. */
function placeOfState({ source, state }: Config): string {
  return target(state.url ?? source.url).label.replace(/^.*@/, '');
}

/** Where deliveries wait between the tail and the workers; null: nowhere. */
function placeOfEngine({ engine }: Config): string | null {
  return engine === null ? null : JSON.stringify([engine.kafka.topic, engine.kafka.group, engine.kafka.partitions]);
}

function passes(error: unknown): boolean {
  return (error instanceof WalhookError ? error.reaction : reactionTo(error)) === 'retry';
}

const NOTHING: Omit<DaemonStatus, 'state' | 'slot'> = {
  problems: [],
  received: '',
  confirmed: '',
  behind: null,
  engine: null,
  in_flight: { deliveries: 0, bytes: 0 },
  endpoints: [],
  wal: null,
};
