import type pg from 'pg';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { NO_LSN } from '../lsn.ts';
import { type Position, START, type StoredPosition, type StreamIdentity } from '../position.ts';
import { inSession, PLAIN_TEXT } from './connect.ts';
import type { Continuity } from './continuity.ts';
import type { Facts } from './facts.ts';
import { pause } from '../patience.ts';
import { inspect, slotUser } from './inspect.ts';
import { identityOf } from './published.ts';
import { readTimelines } from './replication-command.ts';
import { prepare, type SetupOptions } from './setup.ts';
import { StartingLock } from './starting-lock.ts';
import { startPosition } from './start-position.ts';
import type { Step } from './step.ts';
import type { Timelines } from './timelines.ts';

/** How often a standby looks whether the slot is free, in milliseconds. */
const STANDBY_INTERVAL = 1_000;
/** A walsender's default patience, in milliseconds, where it is switched off. */
const DEFAULT_SENDER_TIMEOUT = 60_000;
/** Status reports are at least this frequent, in milliseconds. */
const LONGEST_STATUS_INTERVAL = 10_000;

export interface OpenSlotOptions {
  readonly config: Config;
  readonly pool: pg.Pool;
  /** The way to connect that has worked for the pool: found once, since finding it takes a connection or two. */
  readonly way: pg.ClientConfig;
  /** The slot is made with the replication connection and vanishes with it. */
  readonly temporary: boolean;
  /** Loads what is stored of the slot: once nobody else uses it. */
  readonly checkpoint: () => Promise<StoredPosition | null>;
  /** Called once nobody else uses the slot, before the checkpoint is loaded for good: from now on no other daemon may write to the state. */
  readonly takeOver: () => Promise<void>;
  /** Stores where the stream begins, before anything of it is read: a slot that is found further on later was moved by somebody else. */
  readonly remember: (stream: StreamIdentity, start: Position) => Promise<void>;
  /** Another daemon has the slot: this one waits for it. */
  readonly onStandby: () => void;
  /** Ends the wait for the slot: `openSlot` then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly log: Logger;
}

/** A slot that is ready to be read, and where to begin. */
export interface OpenSlot {
  readonly name: string;
  readonly temporary: boolean;
  readonly client: pg.ClientConfig;
  readonly identity: StreamIdentity;
  /** Of the server, for what must know which timeline an LSN belongs to. */
  readonly timelines: Timelines;
  readonly start: Position;
  /** As the database was when the slot was free. */
  readonly facts: Facts;
  /** How often to report to the walsender, and after how much silence its connection counts as dead, in milliseconds. */
  readonly statusInterval: number;
  readonly deadAfter: number;
  /** To be called once it streams, or will not: another daemon may look for the slot. May be called twice. */
  readonly begun: () => Promise<void>;
}

/**
 * Makes the database ready as far as the config allows, waits until no other daemon uses the slot, and gives what is
 * needed to read it. Throws a WalhookError that says what stands in the way.
 */
export async function openSlot(options: OpenSlotOptions): Promise<OpenSlot> {
  const { config, pool, temporary, checkpoint, log } = options;
  if (temporary) {
    const facts = await inspect(pool, config);
    return slotOf(options, { facts, timelines: await readTimelines(config, facts.server.timeline), stored: null });
  }
  const onStep = ({ description, sql }: Step): void => log.info({ sql }, description);
  const prepared: SetupOptions = { config, client: pool, checkpoint, onStep };
  for (;;) {
    await prepare(prepared);
    const lock = await untilOurs(options);
    try {
      await options.takeOver();
      // Again, and only now: another daemon that had the slot until a moment ago has stored its last position.
      const slot = slotOf(options, await prepare(prepared));
      await options.remember(slot.identity, slot.start);
      return { ...slot, begun: () => lock.release() };
    } catch (error) {
      await lock.release();
      // Somebody who has no need of the lock, as a command has not, took the state over: a moment later it is free.
      if (!(error instanceof WalhookError && error.code === 'fenced')) throw error;
      await pause(STANDBY_INTERVAL, options.signal);
    }
  }
}

/** Waits until nobody uses the slot, and nobody else is about to. */
async function untilOurs(options: OpenSlotOptions): Promise<StartingLock> {
  const { config, pool, way, signal } = options;
  for (;;) {
    await untilFree(options);
    const lock = await StartingLock.take(way, config.source.slot);
    if (lock !== null) {
      // The one that had it until now may be streaming.
      if ((await slotUser(pool, config.source.slot)) === null) return lock;
      await lock.release();
    }
    await pause(STANDBY_INTERVAL, signal);
  }
}

async function untilFree({ config, pool, log, onStandby, signal }: OpenSlotOptions): Promise<void> {
  for (let told = false; ; told = true) {
    const activePid = await slotUser(pool, config.source.slot);
    signal?.throwIfAborted();
    if (activePid === null) return;
    if (!told) {
      onStandby();
      log.warn(
        { hint: 'most likely another walhook, which does the work; nothing is to be done' },
        `slot ${config.source.slot} is in use by process ${activePid} of the server: standing by until it is free`,
      );
    }
    await pause(STANDBY_INTERVAL, signal);
  }
}

function slotOf({ config, temporary, way }: OpenSlotOptions, { facts, timelines, stored }: Pick<Continuity, 'facts' | 'timelines' | 'stored'>): OpenSlot {
  const { server } = facts;
  const { slot, publication } = config.source;
  const patience = server.senderTimeout === 0 ? DEFAULT_SENDER_TIMEOUT : server.senderTimeout;
  return {
    name: slot,
    temporary,
    client: inSession(way, PLAIN_TEXT),
    identity: identityOf(config, facts),
    timelines,
    start: temporary ? START : startPosition(stored, facts.slot?.confirmedFlushLsn ?? NO_LSN, publication),
    facts,
    statusInterval: Math.min(LONGEST_STATUS_INTERVAL, Math.max(100, Math.floor(patience / 4))),
    deadAfter: patience,
    begun: () => Promise.resolve(),
  };
}
