import type { Logger } from 'pino';
import type { Acting } from './acting.ts';
import type { DaemonOptions } from './daemon.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { Delivering } from './delivering.ts';
import type { Assignment, Group, Member, Part } from './engine/port.ts';
import { EngineWatch } from './engine-watch.ts';
import { WalhookError } from './errors.ts';
import { workerName } from './fleet.ts';
import { LagWatch } from './observe/lag-watch.ts';
import { Notices } from './notices.ts';
import { clientId, joinGroup } from './open-engine.ts';
import { inTime } from './patience.ts';
import { Rebalances } from './rebalances.ts';
import { rowLanes } from './row-lanes.ts';
import type { Running } from './running.ts';
import { ReadOnlyDatabase } from './source/read-only-database.ts';
import { closeWorker, type OpenedWorker, openWorker, roleOf, userAgentOf, type WorkerOpening } from './worker-opening.ts';

/** What is being sent may end so long, in milliseconds, or for `limits.shutdown` if that is less, when this worker lets go: while the others of the group wait for it, and when it leaves them. */
const WAITED_FOR = 4_000;
const PATIENCE = 10_000;
/** How long the end waits for the group, in milliseconds, beyond `limits.shutdown`. */
const GOODBYE = 5_000;

export interface WorkerOptions extends WorkerOpening, Pick<DaemonOptions, 'log' | 'onOutcome' | 'history' | 'signal'> {}

/**
 * Delivers what is in topics, as a member of a group: each assignment is worked on by a Delivering of its own, which is
 * over, and has committed, before the next one begins.
 */
export class Worker implements Running, Member {
  /**
   * Resolves once it is a member of the group.
   * @throws WalhookError if it cannot be
   */
  static async start(options: WorkerOptions): Promise<Worker> {
    const { signal } = options;
    const opened = await openWorker(options);
    let worker: Worker | null = null;
    try {
      worker = new Worker({ ...options, ...opened });
      await worker.#join();
      signal?.throwIfAborted();
      return worker;
    } catch (error) {
      await (worker?.stop() ?? closeWorker(opened)).catch(() => undefined);
      throw signal?.aborted === true ? new WalhookError('the start was ended', { code: 'start_ended' }) : error;
    }
  }

  readonly done: Promise<void>;
  readonly #options: WorkerOptions & OpenedWorker;
  readonly #log: Logger;
  readonly #rows: ReadOnlyDatabase;
  readonly #notices: Notices;
  readonly #lag: LagWatch;
  readonly #watch: EngineWatch;
  readonly #finished = Promise.withResolvers<void>();
  #group: Group | null = null;
  #current: Delivering | null = null;
  #assignment: Assignment | null = null;
  readonly #rebalances = new Rebalances();
  #phase: 'starting' | 'streaming' | 'draining' | 'stopped' = 'starting';
  #stopping: Promise<void> | null = null;

  private constructor(options: WorkerOptions & OpenedWorker) {
    const { config, log, version } = options;
    this.#options = options;
    this.#log = log;
    this.done = this.#finished.promise;
    // Whoever does not wait for the end is told of it by `status`.
    this.done.catch(() => undefined);
    this.#rows = new ReadOnlyDatabase(config.source.url);
    this.#notices = new Notices({ config, log, userAgent: userAgentOf(version) });
    this.#lag = new LagWatch({ behind: () => this.#behind ?? 0, most: config.notify.lag, onNotice: (notice) => this.#notices.tell(notice) });
    this.#watch = new EngineWatch({ problem: () => this.#group?.problem ?? null, log });
  }

  async #join(): Promise<void> {
    const { config, way, signal } = this.#options;
    this.#log.info({ group: way.group.group, topics: way.group.topics }, 'joining the group');
    this.#group = await joinGroup({
      ...way.group,
      clientId: clientId(roleOf(this.#options)),
      patience: Math.min(PATIENCE, config.limits.shutdown),
      member: this,
      onLoss: (part, from, to) => this.#lost(part, from, to),
    });
    this.#watch.start();
    signal?.throwIfAborted();
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>();
    signal?.addEventListener('abort', end);
    await Promise.race([this.#group.done, ended]).finally(() => signal?.removeEventListener('abort', end));
    signal?.throwIfAborted();
    // Of what is read from a slot, the tail tells.
    if (this.#options.reads === 'source') this.#lag.start();
  }

  /** Part of the contract with the group: see Member. */
  async assigned(assignment: Assignment): Promise<void> {
    if (this.#stopping !== null) return;
    const { config, state, tracer, way, history = null, onOutcome = null } = this.#options;
    const delivering = new Delivering({
      config,
      log: this.#log,
      assignment,
      way,
      state,
      tracer,
      history,
      onNotice: (notice) => this.#notices.tell(notice),
      onOutcome,
      onLost: (reason) => {
        void this.lost(reason);
        assignment.giveUp(reason);
      },
    });
    this.#current = delivering;
    this.#assignment = assignment;
    await delivering.begin();
    this.#rebalances.dealt();
    this.#log.info({ generation: assignment.generation, partitions: assignment.parts.map(({ partition }) => partition) }, 'delivering');
    if (this.#phase === 'starting') this.#phase = 'streaming';
  }

  async revoked(): Promise<void> {
    const delivering = this.#forget();
    if (delivering === null) return;
    this.#rebalances.ended('released');
    const patience = Math.min(this.#stopping === null ? WAITED_FOR : PATIENCE, this.#options.config.limits.shutdown);
    try {
      await delivering.end(patience);
    } catch (error) {
      // Not committed: whoever gets the partitions sends it again.
      this.#log.warn({ err: error }, 'what was being delivered is not finished: whoever gets its partitions goes on');
    }
  }

  async lost(reason: Error): Promise<void> {
    const delivering = this.#forget();
    if (delivering === null) return;
    this.#rebalances.ended('lost');
    this.#log.warn(`the partitions are lost, and what was not committed is left to whoever has them now: ${reason.message}`);
    await delivering.drop();
  }

  status(): DaemonStatus {
    const { config, way: { group: { topics, group, exclusive } } } = this.#options;
    const role = roleOf(this.#options);
    const delivering = this.#current;
    const problem = this.#group?.problem ?? null;
    const { budget } = delivering?.outlet ?? { budget: { deliveries: 0, bytes: 0 } };
    return {
      problems: [...(problem === null || this.#phase === 'stopped' ? [] : [problem]), ...(delivering?.problems ?? [])],
      state: this.#phase !== 'streaming' ? this.#phase : problem !== null ? 'reconnecting' : exclusive && this.#assignment?.parts.length === 0 ? 'standby' : 'streaming',
      slot: config.source.slot,
      received: '',
      confirmed: '',
      behind: this.#behind,
      in_flight: { deliveries: budget.deliveries, bytes: budget.bytes },
      endpoints: delivering?.outlet.status ?? [],
      engine: {
        role,
        topic: topics.join(', '),
        group,
        worker: workerName(clientId(role)),
        partitions: this.#assignment?.parts.map(({ partition }) => partition) ?? [],
        generation: this.#assignment?.generation ?? null,
        forwarded: delivering?.outlet.engine?.forwarded ?? 0,
        ...this.#rebalances.facts,
        problem: this.#phase === 'stopped' ? null : problem,
      },
      wal: null,
    };
  }

  get acting(): Acting | null {
    const delivering = this.#current;
    if (delivering === null) return null;
    const { config } = this.#options;
    const lanes: Acting['lanes'] = (table, key) => rowLanes({ config, database: this.#rows }, table, key);
    return { stored: delivering.generation.deliveries, engine: delivering.outlet, rotating: delivering.rotating, delivered: delivering.delivered, lanes };
  }

  /** Tables are read by the tail. */
  get backfills(): null {
    return null;
  }

  async stop(): Promise<void> {
    this.#stopping ??= this.#end();
    await this.#stopping.then(this.#finished.resolve, (error: unknown) => {
      this.#finished.reject(error);
      throw error;
    });
  }

  async #end(): Promise<void> {
    this.#phase = 'draining';
    const { shutdown } = this.#options.config.limits;
    if (this.#group !== null) await inTime(this.#group.leave(), shutdown + GOODBYE);
    // Whatever the group had to say, nothing is left running.
    await this.#forget()?.drop();
    await this.#release();
    this.#phase = 'stopped';
  }

  async #release(): Promise<void> {
    this.#lag.stop();
    this.#watch.stop();
    await Promise.all([this.#notices.stop(), this.#rows.close()]);
    await closeWorker(this.#options);
  }

  #forget(): Delivering | null {
    const delivering = this.#current;
    this.#current = null;
    this.#assignment = null;
    return delivering;
  }

  get #behind(): number | null {
    const delivering = this.#current;
    if (delivering === null) return null;
    return delivering.committedAt === null ? 0 : Math.max(0, Date.now() - delivering.committedAt);
  }

  /** Records are not there that nobody has read: nothing becomes of them. */
  #lost({ topic, partition }: Part, from: bigint, to: bigint): void {
    if (to < from) {
      this.#log.error({ topic, partition, from: String(from), to: String(to) }, `topic ${topic} ends before what was read of it last: it was deleted and made anew, and what it had and nobody had read is lost; it is read from its beginning`);
      return;
    }
    this.#log.error(
      { topic, partition, from: String(from), to: String(to), hint: `kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config retention.ms=-1` },
      `Kafka's retention has removed ${to - from} records of topic ${topic} before they were read: they are lost`,
    );
  }
}
