import type { Config } from './config.ts';
import { EngineWay } from './engine-way.ts';
import { Enriching } from './enriching.ts';
import { Lookups } from './lookups.ts';
import { clientId, clusterOf, ensureEngine, producers } from './open-engine.ts';
import { openTracer } from './opening.ts';
import type { Way } from './record-stages.ts';
import type { Role } from './role.ts';
import { target } from './source/connect.ts';
import { connectionError } from './source/connection-error.ts';
import { ReadOnlyDatabase } from './source/read-only-database.ts';
import { TopicWay } from './topic-way.ts';
import type { Tracer } from './tracing/tracer.ts';
import { openWorkerState, type WorkerState } from './worker-state.ts';

export interface WorkerOpening {
  readonly config: Config;
  /** walhook's own version. */
  readonly version: string;
  /** `engine`: what a tail has handed to the engine. `source`: topics that are the source. */
  readonly reads: 'engine' | 'source';
}

/** What a worker works on, from its start to its end. */
export interface OpenedWorker {
  readonly lookups: Lookups;
  readonly way: Way;
  readonly state: WorkerState;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
}

/** Makes the engine's topic if need be, and opens the state. Leaves nothing open if it cannot. */
export async function openWorker(options: WorkerOpening): Promise<OpenedWorker> {
  const { config, version } = options;
  const { label } = target(config.state.url ?? config.source.url);
  const role = roleOf(options);
  if (config.engine !== null) await ensureEngine(config.engine.kafka, role);
  const lookups = new Lookups(config);
  let state: WorkerState | null = null;
  try {
    const way = await openWay(options, lookups);
    state = await openWorkerState(config).catch((error: unknown) => {
      throw connectionError(error, { label });
    });
    return { lookups, way, state, tracer: await openTracer(config, version, clientId(role)) };
  } catch (error) {
    await closeWorker({ lookups, state, tracer: null });
    throw error;
  }
}

/** The state last: what is ended before it may still write. */
export async function closeWorker({ lookups, state, tracer }: Pick<OpenedWorker, 'lookups' | 'tracer'> & { readonly state: WorkerState | null }): Promise<void> {
  await Promise.all([lookups.end(), tracer?.close()]);
  await state?.close();
}

/** Whoever reads the source for an engine is a tail. */
export function roleOf({ config, reads }: Pick<WorkerOpening, 'config' | 'reads'>): Role {
  return reads === 'engine' ? 'deliver' : config.engine === null ? 'all' : 'tail';
}

export function userAgentOf(version: string): string {
  return `walhook/${version}`;
}

/** What is read, and what is made of it. @throws WalhookError if the source's cluster cannot be asked who it is */
async function openWay({ config, reads, version }: WorkerOpening, lookups: Lookups): Promise<Way> {
  const { engine, source: { kafka, url, slot } } = config;
  const userAgent = userAgentOf(version);
  const origin = kafka === null ? { database: target(url).database, slot } : { database: '', slot: kafka.group };
  const enriching = (): Enriching => new Enriching({ config, origin, pool: lookups, database: new ReadOnlyDatabase(url) });
  if (reads === 'engine' && engine !== null) return new EngineWay(engine.kafka, { config, userAgent, enriching });
  if (kafka === null) throw new Error('a worker has an engine, or a topic as its source');
  return new TopicWay(kafka, { config, userAgent, enriching, cluster: await clusterOf(kafka), producer: await producers(config) });
}
