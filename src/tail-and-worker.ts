import type { Acting } from './acting.ts';
import type { BackfillOperations } from './backfills.ts';
import { Daemon, type DaemonOptions } from './daemon.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { inTime } from './patience.ts';
import type { Running } from './running.ts';
import { Worker } from './worker.ts';

/** How long the end waits for a tail that is starting, in milliseconds. */
const GRACE = 5_000;

/**
 * A tail and a worker in one process, with the engine between them: any of several such processes delivers, and one of
 * them reads the slot, for which the others stand by.
 */
export class TailAndWorker implements Running {
  /** Resolves once it is a member of the group, and reads the slot or stands by for it. */
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
  /** Resolves once the tail streams or stands by. */
  readonly #tailing: Promise<void>;
  /** Settles once the tail has ended, or its start has. */
  readonly #reading: Promise<void>;
  #stopping: Promise<void> | null = null;

  private constructor(worker: Worker, options: DaemonOptions) {
    this.#worker = worker;
    this.done = this.#finished.promise;
    this.done.catch(() => undefined);
    const up = Promise.withResolvers<void>();
    this.#tailing = up.promise;
    const tail = this.#readSlot(options, up.resolve);
    this.#reading = tail;
    tail.catch(up.reject);
    // Whichever ends, the other one has nothing to go on with: the next start has both.
    Promise.race([tail, worker.done]).catch((error: unknown) => this.#end(error));
    options.signal?.addEventListener('abort', () => this.#interrupt.abort(), { once: true, signal: this.#interrupt.signal });
  }

  /** Resolves after `stop`. */
  async #readSlot(options: DaemonOptions, onUp: () => void): Promise<void> {
    const onStandby = (): void => {
      this.#isStandby = true;
      onUp();
    };
    const { signal } = this.#interrupt;
    const isTopic = options.config.source.kafka !== null;
    const tail = isTopic ? await Worker.start({ ...options, reads: 'source', signal }) : await Daemon.start({ ...options, signal, onStandby });
    this.#isStandby = false;
    this.#tail = tail;
    onUp();
    if (this.#interrupt.signal.aborted) await tail.stop();
    await tail.done;
  }

  status(): DaemonStatus {
    const worker = this.#worker.status();
    const tail = this.#tail?.status() ?? null;
    const engine = worker.engine === null ? null : { ...worker.engine, role: 'all' as const, forwarded: tail?.engine?.forwarded ?? 0, problem: tail?.engine?.problem ?? worker.engine.problem };
    if (tail === null) return { ...worker, engine };
    return {
      ...tail,
      state: tail.state === 'streaming' ? worker.state : tail.state,
      problems: [...new Set([...tail.problems, ...worker.problems])],
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
      await inTime(this.#reading.catch(() => undefined), GRACE);
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
