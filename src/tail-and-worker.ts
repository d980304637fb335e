import type { Acting } from './acting.ts';
import type { BackfillOperations } from './backfills.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { WalhookError } from './errors.ts';
import { inTime, pause } from './patience.ts';
import { safeMessage } from './reaction.ts';
import { beginsAnew, type Running } from './running.ts';
import { reconnectDelay } from './source/reconnect-delay.ts';
import { Troubles } from './troubles.ts';
import { Worker } from './worker.ts';

/** How long the end waits for a tail that is starting, in milliseconds. */
const GRACE = 5_000;

/**
 * A tail and a worker in one process, with the engine between them: any of several such processes delivers, and one of
 * them reads the slot, for which the others stand by. Once both have started, nothing that ends the tail ends the worker: the tail begins anew.
 */
export class TailAndWorker implements Running {
  /** Resolves once it is a member of the group, and reads the slot or stands by for it. Rejects if either cannot be started. */
  static async start(options: DaemonOptions): Promise<TailAndWorker> {
    const both = new TailAndWorker(await Worker.start({ ...options, reads: 'engine' }), options);
    try {
      await both.#tailing;
      return both;
    } catch (error) {
      await both.stop().catch(() => undefined);
      throw error;
    }
  }

  readonly done: Promise<void>;
  readonly #worker: Worker;
  #tail: Running | null = null;
  #isStandby = false;
  readonly #interrupt = new AbortController();
  readonly #finished = Promise.withResolvers<void>();
  readonly #options: DaemonOptions;
  readonly #troubles = new Troubles();
  /** Settles once the tail streams or stands by for the first time. */
  readonly #tailing: Promise<void>;
  /** Resolves after `stop`, or if the tail could not be started the first time. */
  readonly #reading: Promise<void>;
  #stopping: Promise<void> | null = null;

  private constructor(worker: Worker, options: DaemonOptions) {
    this.#worker = worker;
    this.#options = options;
    this.done = this.#finished.promise;
    this.done.catch(() => undefined);
    const up = Promise.withResolvers<void>();
    this.#tailing = up.promise;
    this.#tailing.catch(() => undefined);
    this.#reading = this.#keepReading(up);
    // Without the worker nothing delivers: the next start has both.
    worker.done.catch((error: unknown) => this.#end(error));
    options.signal?.addEventListener('abort', () => this.#interrupt.abort(), { once: true, signal: this.#interrupt.signal });
  }

  /** One tail after the other. */
  async #keepReading(up: PromiseWithResolvers<void>): Promise<void> {
    const { signal } = this.#interrupt;
    let isUp = false;
    let failures = 0;
    const onUp = (): void => {
      isUp = true;
      failures = 0;
      if (this.#troubles.end('tail')) this.#options.log.info('the source is read again, or stood by for');
      up.resolve();
    };
    while (!signal.aborted) {
      const error = await this.#readSource(onUp).then(() => null, (reason: unknown) => ({ reason }));
      this.#tail = null;
      this.#isStandby = false;
      if (error === null || signal.aborted) break;
      if (!isUp) return up.reject(error.reason);
      this.#failed(error.reason);
      failures++;
      if (!beginsAnew(error.reason) || failures > 1) await pause(reconnectDelay(failures, Math.random()), signal);
    }
    up.reject(new WalhookError('the start was ended', { code: 'start_ended' }));
  }

  /** Another process that has the slot is no trouble. */
  #failed(error: unknown): void {
    const { log } = this.#options;
    if (beginsAnew(error)) return log.warn({ err: error }, 'the tail begins anew, from what is stored; it stands by while another one has the slot');
    const sentence = `the source is not read: ${safeMessage(error)}`;
    const isNew = !this.#troubles.sentences.includes(sentence);
    this.#troubles.begin('tail', sentence);
    if (isNew) log.error({ err: error }, 'the source is not read, and is tried again; the worker goes on');
  }

  /** Resolves after `stop`. */
  async #readSource(onUp: () => void): Promise<void> {
    const { signal } = this.#interrupt;
    const onStandby = (): void => {
      this.#isStandby = true;
      onUp();
    };
    const options = { ...this.#options, signal };
    const tail: Running = options.config.source.kafka !== null ? await Worker.start({ ...options, reads: 'source' }) : await Daemon.start({ ...options, onStandby });
    this.#isStandby = false;
    this.#tail = tail;
    onUp();
    if (signal.aborted) await tail.stop();
    await tail.done;
  }

  status(): DaemonStatus {
    const worker = this.#worker.status();
    const tail = this.#tail?.status() ?? null;
    const engine = worker.engine === null ? null : { ...worker.engine, role: 'all' as const, forwarded: tail?.engine?.forwarded ?? 0, problem: tail?.engine?.problem ?? worker.engine.problem };
    const problems = [...new Set([...this.#troubles.sentences, ...(tail?.problems ?? []), ...worker.problems])];
    if (tail === null) return { ...worker, engine, problems };
    return {
      ...tail,
      state: tail.state === 'streaming' ? worker.state : tail.state,
      problems,
      behind: Math.max(tail.behind ?? 0, worker.behind ?? 0),
      in_flight: { deliveries: tail.in_flight.deliveries + worker.in_flight.deliveries, bytes: tail.in_flight.bytes + worker.in_flight.bytes },
      endpoints: worker.endpoints.length > 0 ? worker.endpoints : tail.endpoints,
      engine,
    };
  }

  /** Those who send are the worker's. */
  get acting(): Acting | null {
    return this.#worker.acting;
  }

  get backfills(): BackfillOperations | null {
    return this.#tail?.backfills ?? null;
  }

  /** True while another process reads the slot. */
  get isStandby(): boolean {
    return this.#isStandby;
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    await this.#stopping.then(this.#finished.resolve, (error: unknown) => {
      this.#finished.reject(error);
      throw error;
    });
  }

  /** What is read must be with the engine before nobody delivers. */
  async #stop(): Promise<void> {
    this.#interrupt.abort();
    try {
      await this.#tail?.stop();
      // One that was starting: the next daemon must not find it at the slot.
      await inTime(this.#reading, GRACE);
    } finally {
      await this.#worker.stop();
    }
  }

  #end(error: unknown): void {
    if (this.#stopping !== null) return;
    this.#stopping = this.#stop().finally(() => this.#finished.reject(error));
    this.#stopping.catch(() => undefined);
  }
}
