import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/commands/embedded-postgres.ts';
import { Database } from './database.ts';
import { Kafka } from './kafka/kafka.ts';
import type { Options } from './options.ts';
import { ask, type Task } from './process/task.ts';
import { WalhookProcess, type WalhookOptions } from './process/walhook.ts';
import { Nginx } from './receiver/nginx.ts';
import { Receiver } from './receiver/receiver.ts';

/** No fsync, as the suite measures walhook and not the disk; no checkpoint or vacuum of the server's in the middle of a round. */
const SETTINGS = {
  wal_level: 'logical',
  fsync: 'off',
  autovacuum: 'off',
  shared_buffers: '256MB',
  max_wal_size: '16GB',
  checkpoint_timeout: '1h',
  max_connections: '200',
};

/** What measures run on. It knows all that was started for them, and ends it. */
export class Suite {
  static async start(options: Options): Promise<Suite> {
    const server = await startEmbeddedPostgres({ settings: SETTINGS });
    return new Suite({ options, server, folder: mkdtempSync(join(tmpdir(), 'walhook-bench-')) });
  }

  readonly options: Options;
  /** For its configuration files and profiles. */
  readonly folder: string;
  readonly #server: EmbeddedPostgres;
  readonly #things = new Set<{ close(): Promise<void> }>();
  #closing: Promise<void> | null = null;

  private constructor({ options, folder, server }: { options: Options; folder: string; server: EmbeddedPostgres }) {
    this.options = options;
    this.folder = folder;
    this.#server = server;
  }

  /** An empty database of a measure's own. */
  async database(name: string): Promise<Database> {
    return this.#owned(await Database.create(this.#server.url, `bench_${name}`));
  }

  async receiver(): Promise<Receiver> {
    return this.#owned(await Receiver.start());
  }

  /** Null if it is not installed. */
  async nginx(): Promise<Nginx | null> {
    const nginx = await Nginx.start(this.folder);
    return nginx === null ? null : this.#owned(nginx);
  }

  /** Null if there can be none here; it has been said why. */
  async kafka(): Promise<Kafka | null> {
    const kafka = await Kafka.start();
    return kafka === null ? null : this.#owned(kafka);
  }

  /** `walhook run` with a configuration. */
  walhook(options: Omit<WalhookOptions, 'folder'>): WalhookProcess {
    return this.#owned(new WalhookProcess({ ...options, folder: this.folder }));
  }

  /** Runs a module of the bench in a process of its own; see process/task.ts. */
  task<Answer>(module: URL, input: unknown): Task<Answer> {
    return this.#owned(ask<Answer>(module, input));
  }

  /** Ends all that a measure has started and left: the next one finds the machine as this one found it. */
  async clear(): Promise<void> {
    // The last first: a process goes before the database that it uses.
    for (const thing of [...this.#things].toReversed()) await thing.close();
    this.#things.clear();
  }

  /** May be called while a measure runs: what it waits for then fails. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // The databases go with the server.
    for (const thing of this.#things) if (!(thing instanceof Database)) await thing.close();
    await this.#server.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #owned<T extends { close(): Promise<void> }>(thing: T): T {
    if (this.#closing !== null) {
      void thing.close();
      throw new Error('the suite has ended');
    }
    this.#things.add(thing);
    return thing;
  }
}
