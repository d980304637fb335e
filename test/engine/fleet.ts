import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config.ts';
import { Daemon } from '../../src/daemon.ts';
import type { Running } from '../../src/running.ts';
import { TailAndWorker } from '../../src/tail-and-worker.ts';
import type { Role } from '../../src/role.ts';
import { Worker } from '../../src/worker.ts';
import { daemonEnvironment, type TestDaemonOptions } from '../support/daemon.ts';
import type { KafkaScope } from '../support/kafka.ts';

export interface FleetOptions extends Pick<TestDaemonOptions, 'db' | 'yaml' | 'receivers'> {
  readonly kafka: Pick<KafkaScope, 'brokers' | 'name'>;
  readonly partitions?: number;
  /** Of the group, in milliseconds. */
  readonly session?: number;
}

/** A process of the fleet, in this process. */
export interface Ship {
  readonly running: Running;
  /** What it logged, parsed. */
  readonly log: Record<string, unknown>[];
}

/** Tails and workers that share one configuration, a topic and a group of their own. All are stopped when the test has finished. */
export class Fleet {
  readonly topic: string;
  readonly config: Config;
  readonly #ships: Ship[] = [];

  constructor({ db, yaml, receivers, kafka, partitions = 8, session = 6_000 }: FleetOptions) {
    this.topic = kafka.name('engine');
    const engine = `engine: { kafka: { brokers: ${JSON.stringify(kafka.brokers)}, topic: ${this.topic}, partitions: ${partitions}, session: ${session}ms } }\n`;
    this.config = loadConfig({ text: `${yaml}${engine}`, file: 'walhook.yaml', env: daemonEnvironment({ db, receivers }), readFile: (path) => readFileSync(path, 'utf8') });
    onTestFinished(async () => {
      await Promise.all(Object.values(receivers).map((receiver) => receiver.close()));
      await Promise.all(this.#ships.map(({ running }) => running.stop().catch(() => undefined)));
    });
  }

  /** Resolves once it streams, or is a member of the group. */
  async start(role: Role): Promise<Ship> {
    const lines: Record<string, unknown>[] = [];
    const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
    const options = { config: this.config, log, version: '0.0.0-test' };
    const running: Running = role === 'deliver' ? await Worker.start({ ...options, reads: 'engine' }) : await { tail: Daemon, all: TailAndWorker }[role].start(options);
    running.done.catch(() => undefined);
    const ship = { running, log: lines };
    this.#ships.push(ship);
    return ship;
  }
}
