import { performance } from 'node:perf_hooks';
import type { Config } from '../config.ts';
import type { GroupFacts, GroupLag } from '../engine/port.ts';
import type { EngineStatus } from '../engine-status.ts';
import { type EngineReport, type Fleet, type FleetPartition, fleetProblems, fleetWorkers, workerName } from '../fleet.ts';
import { WalhookError } from '../errors.ts';
import { RecentAnswer } from '../observe/recent-answer.ts';
import { openEngineFacts } from '../open-engine.ts';
import { inTime } from '../patience.ts';

/** The broker is asked no more often, and what it said is no older when it answers slowly, in milliseconds. */
const REST = { least: 2_000, most: 5_000 };
/** How long whoever asks waits for it, in milliseconds: a scrape must not. */
const PATIENCE = 200;
/** A question that has no answer after so long is given up, in milliseconds. */
const GIVEN_UP = 8_000;

export interface FleetReaderOptions {
  readonly config: Config;
  /** Told of the first failure of several in a row. */
  readonly onError: (error: unknown) => void;
  /** Default: that of the configuration's engine. */
  readonly open?: (config: Config) => Promise<GroupFacts | null>;
  /** Milliseconds that only grow. Default: this process'. */
  readonly now?: () => number;
}

/** What the broker says of all workers. Connects when it is first asked; without Kafka it never does, and none of its code is loaded. */
export class FleetReader {
  readonly #options: FleetReaderOptions;
  readonly #now: () => number;
  readonly #recent: RecentAnswer<Pick<Fleet, 'partitions' | 'workers'>>;
  #facts: Promise<GroupFacts | null> | null = null;
  #error: string | null = null;
  #isClosed = false;
  /** Since when it has been seen that a partition is nobody's. */
  #unassignedSince: number | null = null;

  constructor(options: FleetReaderOptions) {
    const now = options.now ?? (() => performance.now());
    this.#options = options;
    this.#now = now;
    this.#recent = new RecentAnswer({ ask: () => this.#ask(), onError: options.onError, rest: REST, patience: PATIENCE, now });
  }

  /** What a process says of its part, with what is known of all. Waits a moment at most, and never throws. */
  async report(engine: EngineStatus | null): Promise<EngineReport | null> {
    if (engine === null) return null;
    const fleet = await this.#fleet();
    const fleet_error = fleet === null ? (this.#error ?? 'the broker has not answered yet') : null;
    // Of a tail that reads topics, its own group is another one.
    const { topic, group } = this.#options.config.engine?.kafka ?? engine;
    return { ...engine, topic, group, fleet, fleet_error, fleet_problems: fleetProblems({ topic, fleet, fleet_error: this.#error }) };
  }

  /** May be called twice, and without anything having been asked. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const facts = await this.#facts?.catch(() => null);
    await facts?.close();
  }

  async #fleet(): Promise<Fleet | null> {
    const { engine, source } = this.#options.config;
    if (this.#isClosed || (engine === null && source.kafka === null)) return null;
    const fleet = await this.#recent.get();
    return fleet === null ? null : { ...fleet, unassigned_for: this.#unassignedSince === null ? null : Math.round(this.#now() - this.#unassignedSince) };
  }

  async #ask(): Promise<Pick<Fleet, 'partitions' | 'workers'>> {
    try {
      const { config, open = openEngineFacts } = this.#options;
      this.#facts ??= open(config);
      const facts = await this.#facts;
      const answer = facts === null ? NOBODY : await inTime(Promise.all([facts.lag(), facts.members()]), GIVEN_UP);
      if (answer === null) throw new WalhookError(`the broker has not answered for ${GIVEN_UP / 1_000} s`, { code: 'kafka_silent' });
      const [lags, members] = answer;
      const isWhole = lags.every(({ worker }) => worker !== null);
      this.#unassignedSince = isWhole ? null : (this.#unassignedSince ?? this.#now());
      this.#error = null;
      const partitions = lags.map(toPartition);
      return { partitions, workers: fleetWorkers(partitions, members.map(workerName)) };
    } catch (error) {
      this.#error = error instanceof Error ? error.message : 'unknown error';
      this.#unassignedSince = null;
      // The next question is asked over a connection of its own: this one may be of a broker that is gone.
      void this.#facts?.then((facts) => facts?.close()).catch(() => undefined);
      this.#facts = null;
      throw error;
    }
  }
}

const NOBODY: readonly [readonly GroupLag[], readonly string[]] = [[], []];

/** Where nothing has been committed, all that is there waits; where it was removed before it was read, what is left does. */
function toPartition({ topic, partition, worker, committed, start, end }: GroupLag): FleetPartition {
  const next = committed === null || committed < start ? start : committed;
  return {
    topic,
    partition,
    worker: worker === null ? null : workerName(worker),
    committed: committed === null ? null : Number(committed),
    end: Number(end),
    lag: Math.max(0, Number(end - next)),
  };
}
