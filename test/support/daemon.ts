import { readFileSync } from 'node:fs';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { Daemon, type DaemonOptions } from '../../src/daemon.ts';
import type { DaemonStatus } from '../../src/daemon-status.ts';
import type { History } from '../../src/history/history.ts';
import { createDatabase, type TestDatabase } from './postgres.ts';
import { Receiver, type ReceiverOptions } from './receiver.ts';
import { SECRET } from './secret.ts';

/** The secret that `${SECRET}` stands for. */
export { SECRET };

/** The first lines of every test's walhook.yaml. Slots belong to the whole server, so each test has its own. */
export const HEAD = 'version: 1\nsource: { url: "${DATABASE_URL}", slot: "${SLOT}" }\n';

/** Options of an endpoint as YAML, beside or instead of those of `endpoint`. */
export type EndpointOptions = Readonly<Partial<Record<'concurrency' | 'retry' | 'breaker' | 'timeout' | 'rate' | 'batch' | 'responses', string | number>>>;

/** An endpoint that may be on loopback, signs, retries soon and often, and whose breaker stays closed. `url`: the name of a receiver. */
export function endpoint(options: EndpointOptions = {}, url = 'RECEIVER'): string {
  const all = {
    url: `"\${${url}}/hooks"`,
    signing: '{ secrets: ["${SECRET}"] }',
    network: '{ allow: [127.0.0.0/8] }',
    retry: '{ initial: 20ms, factor: 1, jitter: 0, attempts: 1000 }',
    breaker: '{ failures: 1000000 }',
    ...options,
  };
  const pairs = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return `{ ${pairs.join(', ')} }`;
}

/** A fresh database that is dropped when the test has finished, after its daemons have been stopped. */
export async function testDatabase(schemaSql = ''): Promise<TestDatabase> {
  const db = await createDatabase();
  onTestFinished(() => db.drop());
  if (schemaSql !== '') await db.sql(schemaSql);
  return db;
}

/** A receiver that knows the secret, closed when the test has finished. */
export async function testReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const receiver = await Receiver.open({ secret: SECRET, ...options });
  onTestFinished(() => receiver.close());
  return receiver;
}

export interface TestDaemonOptions {
  readonly db: TestDatabase;
  /** walhook.yaml. `${DATABASE_URL}`, `${SLOT}`, `${SECRET}` and the names of `receivers` are filled in. */
  readonly yaml: string;
  /** Their URLs, by the name of a variable. When the test has finished they are closed before the daemon is stopped, so that nothing hangs. */
  readonly receivers: Readonly<Record<string, Receiver>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly onOutcome?: DaemonOptions['onOutcome'];
  readonly history?: History;
}

/** What `${…}` in the config stands for. */
export function daemonEnvironment({ db, receivers, env }: Pick<TestDaemonOptions, 'db' | 'receivers' | 'env'>): Record<string, string> {
  const urls = Object.fromEntries(Object.entries(receivers).map(([name, receiver]) => [name, receiver.url]));
  return { DATABASE_URL: db.url, SLOT: db.name, SECRET, ...urls, ...env };
}

/** A daemon in this process, which can be stopped and started again on its database. */
export class TestDaemon {
  /** What it logged, a JSON text each, over all starts. */
  readonly log: string[] = [];
  readonly slot: string;
  readonly #options: TestDaemonOptions;
  #daemon: Daemon | null = null;

  constructor(options: TestDaemonOptions) {
    this.#options = options;
    this.slot = options.db.name;
  }

  /** Resolves once the slot is streaming; throws as `Daemon.start` does. `yaml`: another config than the one before. */
  async start(yaml = this.#options.yaml): Promise<void> {
    const { onOutcome, history } = this.#options;
    const config = loadConfig({
      text: yaml,
      file: 'walhook.yaml',
      env: daemonEnvironment(this.#options),
      readFile: (path) => readFileSync(path, 'utf8'),
    });
    const log = pino({ level: 'trace' }, { write: (line: string) => void this.log.push(line.trimEnd()) });
    this.#daemon = await Daemon.start({ config, log, version: '0.0.0-test', ...(onOutcome ? { onOutcome } : {}), ...(history ? { history } : {}) });
    // A test that is about its end looks at `done`; for others it is no unhandled rejection.
    this.#daemon.done.catch(() => undefined);
  }

  async restart(yaml?: string): Promise<void> {
    await this.stop();
    await this.start(yaml);
  }

  /** Drains. Does nothing if it does not run. */
  async stop(): Promise<void> {
    await this.#daemon?.stop();
  }

  get running(): Daemon {
    if (this.#daemon === null) throw new Error('the daemon has not been started');
    return this.#daemon;
  }

  get status(): DaemonStatus {
    return this.running.status();
  }

  /** The log's lines, parsed, whose message matches. */
  logged(message: RegExp): Record<string, unknown>[] {
    return this.log.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => message.test(String(line['msg'])));
  }
}

/** Starts a daemon that is stopped when the test has finished. */
export async function startDaemon(options: TestDaemonOptions): Promise<TestDaemon> {
  const daemon = new TestDaemon(options);
  onTestFinished(async () => {
    await Promise.all(Object.values(options.receivers).map((receiver) => receiver.close()));
    await daemon.stop().catch(() => undefined); // what it has to say about its stop is another test's matter
  });
  await daemon.start();
  return daemon;
}
