import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SECRET } from '../../support/secret.ts';
import { DaemonProcess } from '../../support/daemon-process.ts';
import type { Ending } from '../../support/duplicates.ts';
import { positionOf, type Sample, storedDeliveries } from '../../support/oracle.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { Proxy } from '../../support/proxy.ts';
import { type Random, random } from '../../support/random.ts';
import { HIDDEN } from '../../support/transactions.ts';
import { ITEMS_SQL, ITEMS_TABLE } from '../../support/writer.ts';
import { now } from './child.ts';
import type { Mood } from './moods.ts';
import type { SuiteServer } from './server.ts';
import { Sink } from './sink.ts';
import { Watch } from './watch.ts';
import { WriterProcess } from './writer-process.ts';

const BREAK = new URL('break.ts', import.meta.url).href;

/** Requests at once, by endpoint: one whose moods change, a neighbour that is well or slow, and one with the first one's moods that gets batches. */
const CONCURRENCY = { crm: 16, audit: 8, bulk: 2 } as const;
export type EndpointName = keyof typeof CONCURRENCY;
export const ENDPOINTS = Object.keys(CONCURRENCY) as EndpointName[];
const BATCHES: Partial<Record<EndpointName, { readonly size: number; readonly linger: string }>> = { bulk: { size: 20, linger: '20ms' } };

/** Deliveries that may be under way at once. */
export function underWay(name: EndpointName): number {
  return CONCURRENCY[name] * (BATCHES[name]?.size ?? 1);
}

/** Deliveries in memory at once. */
export const IN_FLIGHT = 1_000;

/** How long anything may take that a scene waits for, in milliseconds. */
const PATIENCE = 30_000;
/** How long nothing at all may arrive at the end, while something is missing, in milliseconds. */
const SILENCE = 15_000;
/** The same for a daemon that is broken on purpose, which may well lose something. */
const SHORT_SILENCE = 3_000;

/** Nowhere but where they belong. */
const API_KEY = 'key-b3f0a91c77de';
const TOKEN = 'token-5d0c8e21b9f44a';

/** Something that should have happened did not: the daemon is stuck, or has ended by itself. */
export class Stuck extends Error {}

export interface GroundOptions {
  readonly server: SuiteServer;
  readonly seed: number;
  /** A name of BREAKAGES. */
  readonly breakage: string | null;
}

/** One database with its writer, its receiver and its daemon, for some rounds of faults. */
export class Ground {
  static async open(options: GroundOptions): Promise<Ground> {
    const database = await createDatabase(options.server.url);
    await database.sql(ITEMS_SQL);
    // Soon to be noticed when the daemon is stopped.
    await database.sql(`alter database ${database.name} set wal_sender_timeout = '3s'`);
    const ground = new Ground(options, database, await Proxy.before(database.url));
    ground.#urls = await ground.sink.open();
    return ground;
  }

  readonly chance: Random;
  readonly database: TestDatabase;
  readonly server: SuiteServer;
  /** Between the daemon and its database. */
  readonly proxy: Proxy;
  readonly sink: Sink;
  readonly writer: WriterProcess;
  readonly folder = mkdtempSync(join(tmpdir(), 'walhook-suite-'));
  readonly endings: Record<EndpointName, Ending[]> = { crm: [], audit: [], bulk: [] };
  readonly samples: Record<EndpointName, Sample[]> = { crm: [], audit: [], bulk: [] };
  /** Secrets, by what they are; and texts in which one was found, by what they are. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly leaks: Record<string, string> = {};
  readonly watch: Watch;
  mostRows = 0;
  #urls: Readonly<Record<string, string>> = {};
  #daemon: DaemonProcess | null = null;
  #streamingSince: number | null = null;
  readonly #daemons: DaemonProcess[] = [];
  readonly #breakage: string | null;
  #feed: NodeJS.Timeout | null = null;

  private constructor({ server, seed, breakage }: GroundOptions, database: TestDatabase, proxy: Proxy) {
    this.proxy = proxy;
    this.server = server;
    this.database = database;
    this.#breakage = breakage;
    this.chance = random(seed);
    this.sink = new Sink({ file: join(this.folder, 'received.jsonl'), secret: SECRET, seed, endpoints: ENDPOINTS });
    this.writer = new WriterProcess({ file: join(this.folder, 'written.jsonl'), url: database.url, seed, pause: 60 });
    const { password } = new URL(database.url);
    // A password that is a common word says nothing where it is found.
    const guarded = password.length >= 12 ? { 'the password of the database': password } : {};
    this.secrets = { 'a hidden value': HIDDEN, 'the signing secret': SECRET, 'the value of a secret header': API_KEY, 'the token of the API': TOKEN, ...guarded };
    this.watch = new Watch((text) => this.#lookThrough('status', text));
  }

  get daemon(): DaemonProcess {
    if (this.#daemon === null) throw new Error('no daemon has been launched');
    return this.#daemon;
  }

  get concurrency(): number {
    return ENDPOINTS.reduce((sum, name) => sum + CONCURRENCY[name], 0);
  }

  /** Starts the writer. */
  async write(): Promise<void> {
    await this.writer.start();
    this.#feed ??= setInterval(() => void this.writer.arrived(this.sink.delivered('audit')).catch(() => undefined), 50);
  }

  /** Starts a daemon, which is `daemon` from now on. */
  launch(): DaemonProcess {
    return this.adopt(this.launchBeside());
  }

  /** Starts a daemon beside the one there is. */
  launchBeside(): DaemonProcess {
    const preload = this.#breakage === null ? [] : [BREAK];
    const env = this.#breakage === null ? {} : { BREAKAGE: this.#breakage };
    const daemon: DaemonProcess = new DaemonProcess({
      config: this.#config(),
      env,
      preload,
      onLine: ({ msg }) => {
        if (msg === 'streaming' && daemon === this.#daemon) this.#streamingSince ??= now();
      },
    });
    this.#daemons.push(daemon);
    this.watch.follow(daemon, TOKEN);
    void daemon.exit.then(() => this.#lookThrough('a log', daemon.output.join('\n')));
    return daemon;
  }

  /** This daemon takes over from the one there was. */
  adopt(daemon: DaemonProcess): DaemonProcess {
    this.#daemon = daemon;
    this.#streamingSince = daemon.log.some(({ msg }) => msg === 'streaming') ? now() : null;
    return daemon;
  }

  /** Something ends the daemon's run, now. `more`: what is not as usual. */
  ended(kind: Ending['kind'], more: Partial<Ending> = {}): void {
    const ending = { kind, at: now(), streamingSince: this.#streamingSince };
    for (const name of ENDPOINTS) this.endings[name].push({ ...ending, concurrency: underWay(name), ...more });
    this.#streamingSince = null;
  }

  /** Kills it and notes where it stood. */
  async kill(): Promise<void> {
    this.ended('crash');
    await this.daemon.kill();
    await this.sample();
  }

  /** Starts it again. Gives the milliseconds until it streams. */
  async relaunch(): Promise<number> {
    const started = now();
    this.launch();
    await this.within(this.daemon.streaming(), 'the daemon to stream again');
    return now() - started;
  }

  /** Where the daemon would go on if it crashed now, and what is durable. */
  async sample(): Promise<void> {
    // In this order: what was durable at the position is in one of the two that are read later.
    const position = await positionOf(this.database, this.database.name).catch(() => null);
    if (position === null) return; // before there is a slot, or a schema, there is nothing to see
    const stored = await storedDeliveries(this.database);
    await this.sink.count();
    for (const name of ENDPOINTS) {
      const ids = stored.filter(({ endpoint }) => endpoint === name).map(({ id }) => id);
      this.samples[name].push({ ...position, stored: new Set(ids), requests: this.sink.requests(name) });
    }
    this.mostRows = Math.max(this.mostRows, stored.length);
    await this.#lookThroughState();
  }

  /** Waits for something, but not for ever, nor beyond the daemon's end. */
  async within<T>(something: Promise<T>, what: string, patience = PATIENCE): Promise<T> {
    const { daemon } = this;
    const done = new AbortController();
    try {
      return await Promise.race([
        something,
        daemon.exit.then(({ code, signal }): never => {
          throw new Stuck(`the daemon has ended by itself (${code ?? signal}), while we waited for ${what}: ${daemon.output.slice(-3).join(' ')}`);
        }),
        pause(patience, undefined, { signal: done.signal }).then((): never => {
          throw new Stuck(`waited ${patience / 1000} s in vain for ${what}: ${daemon.output.slice(-3).join(' ')}`);
        }),
      ]);
    } finally {
      done.abort();
    }
  }

  /** Waits until a query's first column is true. While the database is down it is asked again. */
  async until(sql: string, what: string, patience = PATIENCE): Promise<void> {
    const looking = new AbortController();
    const look = async (): Promise<void> => {
      while (!looking.signal.aborted) {
        const [row] = await this.database.sql(sql).catch(() => []);
        if (row !== undefined && Object.values(row)[0] === true) return;
        await pause(10);
      }
    };
    await this.within(look(), what, patience).finally(() => looking.abort());
  }

  /** Requests that an endpoint has yet to get; of one with batches, events. */
  async requests(name: EndpointName, more: number): Promise<void> {
    const count = this.sink.requests(name) + more;
    await this.within(this.sink.until(() => this.sink.requests(name) >= count), `${more} more requests to ${name}`);
  }

  async delivered(name: EndpointName, more: number): Promise<void> {
    const count = this.sink.delivered(name) + more;
    await this.within(this.sink.until(() => this.sink.delivered(name) >= count), `${more} more deliveries to ${name}`);
  }

  async parked(): Promise<number> {
    const [row] = await this.database.sql<{ count: number }>(`select count(*)::int from walhook.parked`);
    return row?.count ?? 0;
  }

  turn(crm: Mood, audit: Mood = 'healthy'): Promise<void> {
    return this.sink.turn({ crm, audit, bulk: crm });
  }

  /** Lets everything arrive, and stops the daemon: what is not there then is lost. */
  async settle(): Promise<void> {
    await this.turn('healthy');
    await this.writer.stop();
    const { count } = this.writer;
    const isThere = (): boolean => ENDPOINTS.every((name) => this.sink.delivered(name) >= count);
    for (let arrived = -1; !isThere(); ) {
      const sum = ENDPOINTS.reduce((all, name) => all + this.sink.delivered(name), 0);
      // The oracle says what is missing.
      if (sum === arrived) break;
      arrived = sum;
      await Promise.race([this.sink.until(isThere), pause(this.#breakage === null ? SILENCE : SHORT_SILENCE), this.daemon.exit]);
    }
    await this.until('select count(*) = 0 from walhook.parked', 'the last parked deliveries to be sent', this.#breakage === null ? PATIENCE : SHORT_SILENCE);
    this.ended('clean');
    this.daemon.signal('SIGTERM');
    const { code, signal } = await this.daemon.exit;
    await this.sample();
    if (code !== 0) throw new Stuck(`SIGTERM: the daemon has ended with ${code ?? signal}: ${this.daemon.output.slice(-3).join(' ')}`);
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    if (this.#feed !== null) clearInterval(this.#feed);
    await Promise.all(this.#daemons.map((daemon) => daemon.kill()));
    this.writer.kill();
    this.sink.stop();
    await this.proxy.close();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #config(): Readonly<Record<string, unknown>> {
    const endpoint = (name: EndpointName): object => ({
      url: `${this.#urls[name] ?? ''}/hooks`,
      headers: { 'X-Api-Key': API_KEY },
      signing: { secrets: [SECRET] },
      network: { allow: ['127.0.0.0/8'] },
      timeout: '5s',
      concurrency: CONCURRENCY[name],
      ...(BATCHES[name] === undefined ? {} : { batch: BATCHES[name] }),
      retry: { initial: '50ms', factor: 1.5, max: '500ms', attempts: 1_000 },
      breaker: { failures: 5, open: '200ms' },
    });
    return {
      source: { url: this.proxy.url, slot: this.database.name },
      server: { listen: '127.0.0.1:0', token: TOKEN },
      limits: { in_flight: IN_FLIGHT, memory: '8MiB' },
      tables: ITEMS_TABLE,
      endpoints: Object.fromEntries(ENDPOINTS.map((name) => [name, endpoint(name)])),
      // The id tells the events of a batch apart.
      hooks: [{ name: 'items', table: 'items', to: ENDPOINTS, meta: ['id'] }],
    };
  }

  #lookThrough(where: string, text: string): void {
    for (const secret of Object.values(this.secrets)) if (text.includes(secret)) this.leaks[where] = `${this.leaks[where] ?? ''} ${secret}`;
  }

  /** Bytes are shown in hex where they are shown as text. */
  async #lookThroughState(): Promise<void> {
    const tables = await this.database.sql<{ name: string }>(`select table_name as name from information_schema.tables where table_schema = 'walhook'`);
    const patterns = Object.values(this.secrets).map((secret) => ({ secret, like: [`%${secret}%`, `%${Buffer.from(secret).toString('hex')}%`] }));
    for (const { name } of tables) {
      const [row] = await this.database.sql<{ found: string[] | null }>(
        `select array_agg(distinct pattern) as found from walhook."${name}" as stored, unnest($1::text[]) as pattern where stored::text like pattern`,
        [patterns.flatMap(({ like }) => like)],
      );
      for (const { secret, like } of patterns) {
        if (row?.found?.some((pattern) => like.includes(pattern)) === true) this.leaks[`table ${name}`] = `${this.leaks[`table ${name}`] ?? ''} ${secret}`;
      }
    }
  }
}
