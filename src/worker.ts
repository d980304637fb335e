import type { Logger } from 'pino';
import type { Acting } from './acting.ts';
import type { Config, KafkaEngineConfig } from './config.ts';
import type { DaemonOptions } from './daemon.ts';
import type { DaemonStatus } from './daemon-status.ts';
import { Delivering } from './delivering.ts';
import type { Assignment, Group, Member, Part } from './engine/port.ts';
import { Enriching } from './enriching.ts';
import { WalhookError } from './errors.ts';
import { workerName } from './fleet.ts';
import { LagWatch } from './observe/lag-watch.ts';
import { Notices } from './notices.ts';
import { clientId, ensureEngine, joinGroup } from './open-engine.ts';
import { openTracer } from './opening.ts';
import { inTime } from './patience.ts';
import { Rebalances } from './rebalances.ts';
import { rowLanes } from './row-lanes.ts';
import type { Running } from './running.ts';
import { reach, target } from './source/connect.ts';
import { connectionError } from './source/connection-error.ts';
import { ReadOnlyDatabase } from './source/read-only-database.ts';
import { SourcePool } from './source/source-pool.ts';
import type { Tracer } from './tracing/tracer.ts';
import { openWorkerState, type WorkerState } from './worker-state.ts';

/** What may be sent, and must be parked, while the others of the group wait to be dealt to anew: so many milliseconds, or `limits.shutdown` if that is less. */
const PATIENCE = 10_000;
/** How long the end waits for the group, in milliseconds, beyond `limits.shutdown`. */
const GOODBYE = 5_000;

/** Milliseconds until a query of the source gets no answer any more. */
const PATIENT_QUERY = 30_000;

export type WorkerOptions = Pick<DaemonOptions, 'config' | 'log' | 'version' | 'onOutcome' | 'history' | 'signal'>;

/** What a worker works on, from its start to its end. */
interface Opened {
  readonly kafka: KafkaEngineConfig;
  readonly state: WorkerState;
  readonly tracer: Tracer | null;
}

/**
 * Delivers what a tail has handed to the engine, as a member of a group: each assignment is worked on by a Delivering of
 * its own, which is over, and has committed, before the next one begins.
 */
export class Worker implements Running, Member {
  /**
   * Resolves once it is a member of the group.
   * @throws WalhookError if it cannot be
   */
  static async start(options: WorkerOptions): Promise<Worker> {
    const { config, version, signal } = options;
    if (config.engine === null) throw new Error('a worker has an engine');
    const { kafka } = config.engine;
    const { label } = target(config.state.url ?? config.source.url);
    await ensureEngine(kafka, 'deliver');
    const state = await openWorkerState(config).catch((error: unknown) => {
      throw connectionError(error, { label });
    });
    const worker = new Worker({ ...options, kafka, state, tracer: await openTracer(config, version, clientId('deliver')) });
    try {
      await worker.#join();
      signal?.throwIfAborted();
      return worker;
    } catch (error) {
      await worker.#release();
      throw signal?.aborted === true ? new WalhookError('the start was ended', { code: 'start_ended' }) : error;
    }
  }

  readonly done: Promise<void>;
  readonly #options: WorkerOptions & Opened;
  readonly #log: Logger;
  readonly #userAgent: string;
  readonly #pool: LazyPool;
  readonly #rows: ReadOnlyDatabase;
  readonly #notices: Notices;
  readonly #lag: LagWatch;
  readonly #finished = Promise.withResolvers<void>();
  #group: Group | null = null;
  #current: Delivering | null = null;
  #assignment: Assignment | null = null;
  readonly #rebalances = new Rebalances();
  #phase: 'starting' | 'streaming' | 'draining' | 'stopped' = 'starting';
  #stopping: Promise<void> | null = null;

  private constructor(options: WorkerOptions & Opened) {
    const { config, log, version } = options;
    this.#options = options;
    this.#log = log;
    this.#userAgent = `walhook/${version}`;
    this.done = this.#finished.promise;
    // Whoever does not wait for the end is told of it by `status`.
    this.done.catch(() => undefined);
    this.#pool = new LazyPool(config);
    this.#rows = new ReadOnlyDatabase(config.source.url);
    this.#notices = new Notices({ config, log, userAgent: this.#userAgent });
    this.#lag = new LagWatch({ behind: () => this.#behind ?? 0, most: config.notify.lag, onNotice: (notice) => this.#notices.tell(notice) });
  }

  async #join(): Promise<void> {
    const { config, kafka } = this.#options;
    const { topic, group, session } = kafka;
    this.#group = await joinGroup({
      cluster: kafka,
      group,
      topics: [topic],
      clientId: clientId('deliver'),
      session,
      patience: Math.min(PATIENCE, config.limits.shutdown),
      from: 'earliest',
      exclusive: false,
      member: this,
      onLoss: (part, from, to) => this.#lost(part, from, to),
    });
    await this.#group.done;
    this.#lag.start();
  }

  /** Part of the contract with the group: see Member. */
  async assigned(assignment: Assignment): Promise<void> {
    if (this.#stopping !== null) return;
    const { config, state, tracer, history = null, onOutcome = null } = this.#options;
    const origin = { database: target(config.source.url).database, slot: config.source.slot };
    const delivering = new Delivering({
      config,
      log: this.#log,
      userAgent: this.#userAgent,
      assignment,
      state,
      enriching: new Enriching({ config, origin, pool: this.#pool, database: new ReadOnlyDatabase(config.source.url) }),
      tracer,
      history,
      onNotice: (notice) => this.#notices.tell(notice),
      onOutcome,
      onLost: (reason) => void this.lost(reason),
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
    const patience = Math.min(PATIENCE, this.#options.config.limits.shutdown);
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
    const { config, kafka } = this.#options;
    const { topic, group } = kafka;
    const delivering = this.#current;
    const problem = this.#group?.problem ?? null;
    const { budget } = delivering?.dispatcher ?? { budget: { deliveries: 0, bytes: 0 } };
    return {
      problems: [...(problem === null || this.#phase === 'stopped' ? [] : [problem]), ...(delivering?.problems ?? [])],
      state: this.#phase === 'streaming' && problem !== null ? 'reconnecting' : this.#phase,
      slot: config.source.slot,
      received: '',
      confirmed: '',
      behind: this.#behind,
      in_flight: { deliveries: budget.deliveries, bytes: budget.bytes },
      endpoints: delivering?.dispatcher.status ?? [],
      engine: {
        role: 'deliver',
        topic,
        group,
        worker: workerName(clientId('deliver')),
        partitions: this.#assignment?.parts.map(({ partition }) => partition) ?? [],
        generation: this.#assignment?.generation ?? null,
        forwarded: 0,
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
    return { stored: delivering.generation.deliveries, engine: delivering.dispatcher, rotating: delivering.rotating, delivered: delivering.delivered, lanes };
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
    const { state, tracer } = this.#options;
    await Promise.all([this.#notices.stop(), this.#rows.close(), this.#pool.end(), tracer?.close()]);
    await state.close();
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

  /** Kafka has removed what nobody had read: it was never delivered. */
  #lost({ topic, partition }: Part, from: bigint, to: bigint): void {
    this.#log.error(
      { topic, partition, from: String(from), to: String(to), hint: `kafka-configs --alter --entity-type topics --entity-name ${topic} --add-config retention.ms=-1` },
      `Kafka's retention has removed ${to - from} records of the engine before they were delivered: they are lost`,
    );
  }
}

/** Connections to the source, for hooks with `enrich`, made when they are asked for first: what needs nothing looked up goes on while the source is down. */
class LazyPool {
  readonly #config: Config;
  #pool: Promise<SourcePool> | null = null;

  constructor(config: Config) {
    this.#config = config;
  }

  async query(sql: string, values: unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }> {
    this.#pool ??= this.#open();
    return (await this.#pool).query<Record<string, unknown>>(sql, values);
  }

  async #open(): Promise<SourcePool> {
    try {
      return new SourcePool({ ...(await reach(target(this.#config.source.url))), max: 2, query_timeout: PATIENT_QUERY });
    } catch (error) {
      this.#pool = null;
      throw error;
    }
  }

  async end(): Promise<void> {
    await (await this.#pool?.catch(() => null))?.end();
  }
}
