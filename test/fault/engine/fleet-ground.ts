import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DaemonProcess } from '../../support/daemon-process.ts';
import { positionOf, type Sample, storedDeliveries } from '../../support/oracle.ts';
import type { KafkaBroker } from '../../support/kafka/broker.ts';
import { createDatabase, type TestDatabase } from '../../support/postgres.ts';
import { type Random, random } from '../../support/random.ts';
import { SECRET } from '../../support/secret.ts';
import { ITEMS_SQL } from '../../support/writer.ts';
import { Awake } from '../suite/awake.ts';
import { now } from '../suite/child.ts';
import type { Mood } from '../suite/moods.ts';
import { Sink } from '../suite/sink.ts';
import { WriterProcess } from '../suite/writer-process.ts';
import type { Mishap } from './again.ts';
import type { TailEnd, TopicRecord } from './copies.ts';
import { type EndpointName, ENDPOINTS, fleetConfig, PARTITIONS } from './fleet-config.ts';
import { lossesOf, type Waking } from './losses.ts';
import { topicRecords } from './topic-records.ts';

const BREAK = new URL('../suite/break.ts', import.meta.url).href;

/** How long anything may take that a scene waits for, in milliseconds: a rebalance waits for whoever has died until its session is over. */
const PATIENCE = 60_000;
/** How long nothing at all may arrive at the end, while something is missing, in milliseconds. */
const SILENCE = 25_000;
const SHORT_SILENCE = 10_000;

/** Something that should have happened did not: the fleet is stuck, or a process has ended by itself. */
export class Stuck extends Error {}

/** A process of the fleet. */
export interface Ship {
  /** As the receiver sees it. */
  readonly name: string;
  readonly role: 'tail' | 'deliver' | 'all';
  readonly process: DaemonProcess;
}

/** One that is tail and worker may stand by for the slot. */
function isTail({ role, process }: Ship): boolean {
  return role === 'tail' || (role === 'all' && process.log.some(({ msg }) => msg === 'streaming'));
}

export interface FleetGroundOptions {
  /** Superuser URL of a Postgres. */
  readonly postgres: string;
  readonly brokers: string[];
  /** What does harm to the broker; null: it is others' too, and no scene may. */
  readonly broker: KafkaBroker | null;
  readonly seed: number;
  /** A name of ENGINE_BREAKAGES. */
  readonly breakage: string | null;
  /** Options of the endpoint `crm` in the place of the usual ones. */
  readonly crm?: Readonly<Record<string, unknown>>;
}

/** One database with its writer, its receiver, a topic and a fleet between them. */
export class FleetGround {
  static async open(options: FleetGroundOptions): Promise<FleetGround> {
    const database = await createDatabase(options.postgres);
    await database.sql(ITEMS_SQL);
    // Soon to be noticed when the tail is stopped.
    await database.sql(`alter database ${database.name} set wal_sender_timeout = '3s'`);
    const ground = new FleetGround(options, database);
    ground.#urls = await ground.sink.open();
    return ground;
  }

  readonly chance: Random;
  readonly awake = new Awake();
  readonly database: TestDatabase;
  readonly sink: Sink;
  readonly writer: WriterProcess;
  readonly folder = mkdtempSync(join(tmpdir(), 'walhook-fleet-'));
  readonly samples: Record<EndpointName, Sample[]> = { crm: [], audit: [], bulk: [] };
  readonly mishaps: Mishap[] = [];
  readonly tailEnds: TailEnd[] = [];
  /** What the topic had when it was sampled last. */
  records: readonly TopicRecord[] = [];
  /** Milliseconds that each rebalance took, by what it was for. */
  readonly rebalances: { readonly what: string; readonly ms: number }[] = [];
  moodOfCrm: Mood = 'healthy';
  readonly wakings: Waking[] = [];
  /** When the broker was harmed, and when it was well again. */
  readonly brokerAway: { readonly from: number; readonly until: number }[] = [];
  /** Milliseconds that each worker took to drain and end. */
  readonly drains: number[] = [];
  readonly #options: FleetGroundOptions;
  #urls: Readonly<Record<string, string>> = {};
  readonly #ships = new Set<Ship>();
  readonly #all: Ship[] = [];
  readonly #feed: NodeJS.Timeout;
  #launched = 0;

  private constructor(options: FleetGroundOptions, database: TestDatabase) {
    this.#options = options;
    this.database = database;
    this.chance = random(options.seed);
    this.sink = new Sink({ file: join(this.folder, 'received.jsonl'), secret: SECRET, seed: options.seed, endpoints: ENDPOINTS });
    this.writer = new WriterProcess({ file: join(this.folder, 'written.jsonl'), url: database.url, seed: options.seed, pause: 500 });
    this.#feed = setInterval(() => void this.writer.arrived(this.sink.delivered('audit')).catch(() => undefined), 50);
  }

  /** One that may be harmed. */
  get broker(): KafkaBroker {
    const { broker } = this.#options;
    if (broker === null) throw new Error('the broker is not ours to harm');
    return broker;
  }

  get brokers(): string[] {
    return this.#options.brokers;
  }

  get topic(): string {
    return this.database.name;
  }

  /** Those that are alive. */
  get ships(): readonly Ship[] {
    return [...this.#ships];
  }

  get workers(): readonly Ship[] {
    return this.ships.filter(({ role }) => role !== 'tail');
  }

  /** Whoever reads the slot. */
  get tail(): Ship {
    const tail = this.ships.find(isTail);
    if (tail === undefined) throw new Error('there is no tail');
    return tail;
  }

  /** A worker that chance picks. */
  get anyWorker(): Ship {
    return this.chance.pick(this.workers);
  }

  /** Starts a process. */
  launch(role: Ship['role']): Ship {
    const name = `${role}-${++this.#launched}`;
    const { breakage } = this.#options;
    const process = new DaemonProcess({
      config: fleetConfig({ name, database: this.database, brokers: this.#options.brokers, urls: this.#urls, ...(this.#options.crm === undefined ? {} : { crm: this.#options.crm }) }),
      args: ['--role', role],
      preload: breakage === null ? [] : [BREAK],
      env: breakage === null ? {} : { BREAKAGE: breakage },
    });
    const ship = { name, role, process };
    this.#ships.add(ship);
    this.#all.push(ship);
    return ship;
  }

  /** Starts a tail and so many workers. Resolves once all are at work. */
  async sail(workers: number): Promise<void> {
    // The first one makes the schema.
    const tail = this.launch('tail');
    await this.within(tail.process.streaming(), 'the tail to stream');
    for (let i = 0; i < workers; i++) this.launch('deliver');
    await this.dealt('the start');
  }

  /** Resolves once the partitions are dealt to those workers that are alive, and they have begun. Gives the milliseconds. */
  async dealt(what: string, workers: readonly Ship[] = this.workers): Promise<number> {
    const began = now();
    const isDealt = (): boolean => {
      const latest = workers.map(({ process }) => process.log.findLast(({ msg }) => msg === 'delivering'));
      const generations = new Set(latest.map((line) => line?.['generation']));
      const partitions = latest.flatMap((line) => (line?.['partitions'] as number[] | undefined) ?? []);
      return generations.size === 1 && latest.every((line) => line !== undefined) && new Set(partitions).size === PARTITIONS;
    };
    await this.until(isDealt, `the partitions to be dealt to ${workers.map(({ name }) => name).join(', ')} after ${what}`);
    const ms = now() - began;
    this.rebalances.push({ what, ms });
    return ms;
  }

  /** kill -9. */
  async kill(ship: Ship): Promise<void> {
    this.#ships.delete(ship);
    this.#fell(ship);
    await ship.process.kill();
  }

  /** SIGTERM: it must end well. */
  async stop(ship: Ship): Promise<void> {
    const began = now();
    this.#ships.delete(ship);
    ship.process.signal('SIGTERM');
    const { code, signal } = await this.within(ship.process.exit, `${ship.name} to drain and end`);
    // Asleep, it could do nothing of it in time.
    if (code !== 0 && this.awake.sleptSince(began)) this.#fell(ship);
    else if (code !== 0) throw new Stuck(`SIGTERM: ${ship.name} has ended with ${code ?? signal}: ${ship.process.output.slice(-3).join(' ')}`);
  }

  /** SIGSTOP. It is not one of `ships` until `thaw`. */
  freeze(ship: Ship): void {
    this.#ships.delete(ship);
    this.#fell(ship);
    ship.process.signal('SIGSTOP');
  }

  /** SIGCONT. */
  thaw(ship: Ship): void {
    this.#ships.add(ship);
    ship.process.signal('SIGCONT');
  }

  /** A worker that was replaced woke. */
  woke(waking: Waking): void {
    this.wakings.push(waking);
    this.mishaps.push({ of: 'zombie', who: waking.worker, from: waking.from, at: waking.until });
  }

  #fell(ship: Ship): void {
    const { name, role } = ship;
    const at = now();
    if (isTail(ship)) this.tailEnds.push({ who: name, at: Date.now() });
    if (role !== 'tail') this.mishaps.push({ of: 'worker', who: name, from: at, at });
  }

  /** Workers lost their place, by their own account: what they had in memory comes again. Also where this machine slept, and no scene meant it. */
  get losses(): Mishap[] {
    return this.#all.flatMap(({ name, process }) => lossesOf({ name, log: process.log, wakings: this.wakings, away: this.brokerAway, sleeps: this.awake.sleeps }));
  }

  /** What Postgres was told, and what was with the broker, or stored, then. */
  async sample(): Promise<void> {
    // In this order: what was durable at the position is in one of those that are read later.
    const position = await positionOf(this.database, this.database.name);
    const records = await topicRecords({ brokers: this.#options.brokers, topic: this.topic, partitions: PARTITIONS });
    this.records = records;
    const stored = await storedDeliveries(this.database);
    for (const name of ENDPOINTS) {
      const ids = [...records, ...stored].flatMap(({ endpoint, id }) => (endpoint === name ? [id] : []));
      this.samples[name].push({ ...position, stored: new Set(ids), requests: this.sink.requests(name) });
    }
  }

  /** Waits for something, but not for ever, nor beyond the end of any process. */
  async within<T>(something: Promise<T>, what: string, patience = PATIENCE): Promise<T> {
    const done = new AbortController();
    const ended = this.ships.map(async (ship): Promise<never> => {
      const { code, signal } = await ship.process.exit;
      if (!this.#ships.has(ship)) return new Promise<never>(() => {});
      throw new Stuck(`${ship.name} has ended by itself (${code ?? signal}), while we waited for ${what}: ${ship.process.output.slice(-3).join(' ')}`);
    });
    const late = async (): Promise<never> => {
      await this.awake.pause(patience, done.signal);
      throw new Stuck(`waited ${patience / 1000} s in vain for ${what}: ${this.ships.map(({ name, process }) => `${name}: ${process.output.at(-1)}`).join('; ')}`);
    };
    try {
      return await Promise.race([something, ...ended, late()]);
    } finally {
      done.abort();
    }
  }

  /** Waits until something holds, which is looked at again and again. */
  async until(holds: () => boolean | Promise<boolean>, what: string, patience = PATIENCE): Promise<void> {
    const looking = new AbortController();
    const look = async (): Promise<void> => {
      while (!looking.signal.aborted && !(await holds())) await pause(10);
    };
    await this.within(look(), what, patience).finally(() => looking.abort());
  }

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

  /** From now on nothing can be parked, nor what is parked be settled, until what it gives is called. */
  async lockParked(): Promise<() => Promise<void>> {
    const client = await this.database.client();
    client.on('error', () => undefined); // the database goes with the ground
    await client.query('begin');
    await client.query('lock table walhook.parked in exclusive mode');
    return () => client.end();
  }

  /** The partitions that a worker has, as its log says. */
  partitionsOf({ process }: Ship): readonly number[] {
    return (process.log.findLast(({ msg }) => msg === 'delivering')?.['partitions'] as number[] | undefined) ?? [];
  }

  turn(crm: Mood, audit: Mood = 'healthy'): Promise<void> {
    this.moodOfCrm = crm;
    return this.sink.turn({ crm, audit, bulk: crm });
  }

  /** Asks a process's API. */
  async ask(ship: Ship, method: 'GET' | 'POST', path: string, body?: object): Promise<unknown> {
    const { msg } = await this.within(ship.process.says(/health and status are on/), `${ship.name} to listen`);
    const [origin] = /http:\/\/[^\s/]+/.exec(msg) ?? [];
    const response = await fetch(`${origin ?? ''}/api/v1${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** Lets everything arrive, and stops the fleet: what is not there then is lost. */
  async settle(): Promise<void> {
    const { breakage } = this.#options;
    await this.turn('healthy');
    await this.writer.stop();
    const { count } = this.writer;
    const isThere = (): boolean => ENDPOINTS.every((name) => this.sink.delivered(name) >= count);
    for (let arrived = -1; !isThere(); ) {
      const sum = ENDPOINTS.reduce((all, name) => all + this.sink.delivered(name), 0);
      // The oracle says what is missing.
      if (sum === arrived) break;
      arrived = sum;
      const done = new AbortController();
      await Promise.race([this.sink.until(isThere), this.awake.pause(breakage === null ? SILENCE : SHORT_SILENCE, done.signal)]);
      done.abort();
    }
    await this.until(async () => (await this.parked()) === 0, 'the last parked deliveries to be sent', breakage === null ? PATIENCE : SHORT_SILENCE);
    await this.sample();
    await Promise.all(this.ships.map((ship) => this.stop(ship)));
  }

  /** Ends whatever still runs, and the writer. */
  async halt(): Promise<void> {
    clearInterval(this.#feed);
    this.#ships.clear();
    await Promise.all(this.#all.map(({ process }) => process.kill()));
    await this.writer.stop();
  }

  /** Gives everything back. */
  async close(): Promise<void> {
    clearInterval(this.#feed);
    this.awake.stop();
    this.#ships.clear();
    await Promise.all(this.#all.map(({ process }) => process.kill()));
    this.writer.kill();
    this.sink.stop();
    await this.database.drop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What each wrote last, for whoever looks into a failure. */
  get lastLines(): string[] {
    return this.#all.flatMap(({ name, process }) => process.log.filter(({ level }) => level !== 'debug').slice(-12).map((line) => `${name}: ${JSON.stringify(line)}`));
  }
}
