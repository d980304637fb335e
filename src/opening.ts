import type { ClientConfig } from 'pg';
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import { openSender } from './endpoint-sender.ts';
import type { Producer } from './engine/port.ts';
import { refuseLeftBehind } from './engine-place.ts';
import { WalhookError } from './errors.ts';
import { expressionFindings } from './expression-findings.ts';
import { enginePlaceOf, openEngine } from './open-engine.ts';
import { connect, reach, type Target, target } from './source/connect.ts';
import { connectionError } from './source/connection-error.ts';
import { findings } from './source/findings.ts';
import { inspect } from './source/inspect.ts';
import { openSlot, type OpenSlot } from './source/open-slot.ts';
import { refuseErrors } from './source/setup.ts';
import { SourcePool } from './source/source-pool.ts';
import { openState } from './store/database.ts';
import { cipherOf } from './store/key-file.ts';
import { refuseMissingKeys } from './store/key-use.ts';
import { type DurableState, memoryState, openDurableState } from './state.ts';
import { Tracer } from './tracing/tracer.ts';

/** Milliseconds until a query of the source gets no answer any more. Above what making a slot may take. */
const QUERY_TIMEOUT = 90_000;

export interface OpeningOptions {
  readonly config: Config;
  readonly source: Target;
  readonly log: Logger;
  /** walhook's own version. */
  readonly version: string;
  /** A slot that Postgres drops with the connection, and a state in memory. */
  readonly temporary: boolean;
  /** Another daemon has the slot: this one waits for it. */
  readonly onStandby: () => void;
  /** Ends that wait: `open` then throws the signal's reason. */
  readonly signal: AbortSignal | undefined;
}

/** What the stages work on. */
export interface Opened {
  readonly pool: SourcePool;
  readonly slot: OpenSlot;
  readonly state: DurableState;
  /** Null: nothing is traced. */
  readonly tracer: Tracer | null;
  /** The way to the engine; null without one. */
  readonly producer: Producer | null;
}

/** Opens the database, the state and the slot, in this order. Leaves nothing open if it cannot. */
export async function open({ config, source, log, version, temporary, onStandby, signal }: OpeningOptions): Promise<Opened> {
  const way = await reach(source);
  const pool = sourcePool(way);
  let state: DurableState | null = null;
  let producer: Producer | null = null;
  try {
    // What only an operator can put right is told before anything is made, the state schema included.
    if (!temporary) await refuseWhatCannotWork(config, pool);
    const opened = temporary ? memoryState() : await openDurableState(config, config.state.url === null ? { way } : {});
    state = opened;
    producer = temporary ? null : await openEngine(config);
    const slot = await openSlot({ config, pool, way, temporary, checkpoint: () => opened.load(), takeOver: () => opened.takeOver(), remember: (stream, start) => opened.checkpoints(stream, () => start.lsn).save(start), onStandby, signal, log });
    await refuseMisfits(config, slot, pool);
    if (!temporary) await settleEngine(config, slot, opened);
    return { pool, slot, state, tracer: await openTracer(config, version, slot.identity.systemId), producer };
  } catch (error) {
    await Promise.all([producer?.close(), state?.close(), pool.end()]);
    throw error;
  }
}

/** Its packages are loaded only where there is something to trace. */
export async function openTracer({ tracing }: Config, version: string, seed: string): Promise<Tracer | null> {
  if (tracing === null) return null;
  const { otlpSink } = await import('./tracing/otlp.ts');
  return new Tracer({ sink: otlpSink(tracing, version), sample: tracing.sample, seed });
}

async function refuseMisfits(config: Config, slot: OpenSlot, pool: SourcePool): Promise<void> {
  try {
    refuseErrors(await expressionFindings(config, slot.facts, pool));
  } catch (error) {
    await slot.begun();
    throw error;
  }
}

/** Remembers where deliveries go from now on. @throws WalhookError `engine_left` if they went elsewhere, where some may wait still */
async function settleEngine(config: Config, slot: OpenSlot, { engine }: DurableState): Promise<void> {
  try {
    const [was, is] = [await engine.load(), await enginePlaceOf(config)];
    refuseLeftBehind(was, is);
    if (is !== null && was === null) await engine.save(is);
  } catch (error) {
    await slot.begun();
    throw error;
  }
}

/**
 * Looks whether a daemon could start with a config, and changes nothing.
 *
 * @throws WalhookError for the first thing that stands in the way.
 */
export async function examine(config: Config, source: Target): Promise<void> {
  const pool = sourcePool(await reach(source));
  try {
    const facts = await refuseWhatCannotWork(config, pool);
    refuseErrors(await expressionFindings(config, facts, pool));
  } finally {
    await pool.end();
  }
  await examineState(config);
}

/** The same of what delivers, which needs the state alone. */
export async function examineState(config: Config): Promise<void> {
  await refuseUnwritable(target(config.state.url ?? config.source.url));
  await refuseLostKeys(config);
  for (const endpoint of config.endpoints) await openSender(endpoint, { sign: null, userAgent: '' }).abort();
}

async function refuseUnwritable(state: Target): Promise<void> {
  const { client } = await connect(state).catch((error: unknown) => {
    throw connectionError(error, { label: state.label });
  });
  try {
    const { rows } = await client.query<{ transaction_read_only: string }>('show transaction_read_only');
    if (rows[0]?.transaction_read_only !== 'on') return;
    throw new WalhookError(`the state database ${state.label} can only be read`, {
      code: 'state_read_only',
      hint: 'is it a standby? else: ALTER DATABASE … RESET default_transaction_read_only',
    });
  } finally {
    await client.end();
  }
}

/** A key that is missing would end the daemon that begins with the config. */
async function refuseLostKeys({ source, state }: Config): Promise<void> {
  const database = openState({ client: await reach(target(state.url ?? source.url)), schema: state.schema, cipher: cipherOf(state), connections: 1 });
  try {
    await refuseMissingKeys(database);
  } finally {
    await database.close();
  }
}

async function refuseWhatCannotWork(config: Config, pool: SourcePool) {
  const facts = await inspect(pool, config);
  refuseErrors(findings(config, facts).filter((finding) => !finding.managed));
  return facts;
}

function sourcePool(way: ClientConfig): SourcePool {
  // Its connections may lie idle: one of them hears when the server shuts down (ShutdownNotice).
  return new SourcePool({ ...way, max: 2, idleTimeoutMillis: 0, query_timeout: QUERY_TIMEOUT });
}
