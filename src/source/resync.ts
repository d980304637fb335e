import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import { maxLsn, NO_LSN } from '../lsn.ts';
import type { StoredPosition } from '../position.ts';
import { type Continuity, continuity } from './continuity.ts';
import type { Facts } from './facts.ts';
import { findings } from './findings.ts';
import type { Queryable } from './inspect.ts';
import type { Gap, Loss } from './loss.ts';
import { identityOf } from './published.ts';
import { literal } from './quote.ts';
import { refuseErrors, setup } from './setup.ts';
import type { Step } from './step.ts';

/** What a resync does to the state. */
export interface ResyncState {
  /** From now on no daemon that is still about may write. */
  takeOver(): Promise<void>;
  readonly resync: {
    replaceCheckpoint(position: StoredPosition): Promise<void>;
    /** Puts what is parked before all that a stream can bring, in its order; gives how many rows were changed. */
    renumberParked(): Promise<number>;
  };
}

export interface ResyncOptions {
  readonly config: Config;
  readonly client: Queryable;
  readonly state: ResyncState;
  /** What was found, and shown to the one who accepts it. */
  readonly found: Continuity & { readonly loss: Loss };
  /** Told of each statement before it is run. */
  readonly onStep: (step: Pick<Step, 'description' | 'sql'>) => void;
  /** Stores what the next start is to find: after the state is taken over, and before the stream may go on. */
  readonly prepare?: () => Promise<void>;
}

export interface Resynced {
  /** Where the stream goes on. */
  readonly stored: StoredPosition;
  /** What was not sent after all: up to where the stream goes on, which is behind what was found missing before. */
  readonly gap: Gap;
  /** Parked and dead deliveries that got new places, in their order. */
  readonly renumbered: number;
}

/** @throws WalhookError `slot_in_use` while a daemon reads the slot, which then has lost nothing. */
export function refuseReader(config: Config, { slot }: Facts): void {
  if (slot?.activePid == null) return;
  throw new WalhookError(`slot ${config.source.slot} is being read by the server process ${slot.activePid}: stop walhook first`, {
    code: 'slot_in_use',
    hint: `SELECT pid, application_name, client_addr FROM pg_stat_activity WHERE pid = ${slot.activePid};`,
    exit: EXIT.unavailable,
    reaction: 'retry',
  });
}

/**
 * Goes on without what is lost. A kill in the middle leaves what `run` refuses as before, and another resync finishes:
 * the checkpoint, which says where to go on, is replaced last.
 *
 * @throws WalhookError if the database cannot be made ready: nothing is dropped then.
 */
export async function resync({ config, client, state, found, onStep, prepare }: ResyncOptions): Promise<Resynced> {
  const { loss, facts, stored } = found;
  refuseReader(config, facts);
  refuseErrors(findings(config, facts).filter((finding) => !finding.managed && !SAID_BY_THE_DATABASE.has(finding.code)));
  await state.takeOver();
  const setUp = { config, client, checkpoint: () => Promise.resolve(null), onStep, accepts: loss };
  await setup(setUp);
  if (loss.remedy === 'new_slot' && facts.slot !== null) {
    const { slot } = config.source;
    const drop = { description: `drop the replication slot ${slot}`, sql: `SELECT pg_drop_replication_slot(${literal(slot)})` };
    onStep(drop);
    await client.query(drop.sql);
    await setup(setUp);
  }
  const now = (await continuity(config, client, () => Promise.resolve(null))).facts;
  const identity = identityOf(config, now);
  const moved = stored !== null && (stored.systemId !== identity.systemId || stored.timeline !== identity.timeline);
  const renumbered = moved ? await state.resync.renumberParked() : 0;
  const position =
    loss.remedy === 'publication' && stored !== null ? stored.position : { lsn: now.slot?.confirmedFlushLsn ?? NO_LSN, within: null };
  const replaced = { ...identity, position };
  await prepare?.();
  await state.resync.replaceCheckpoint(replaced);
  // Where only the publication was mended the stream goes on where it was, but what was written until then is left out.
  const end = loss.remedy === 'publication' ? now.server.currentLsn : position.lsn;
  const gap: Gap = loss.gap.kind === 'unsent' ? { ...loss.gap, to: maxLsn(loss.gap.to, end) } : loss.gap;
  return { stored: replaced, gap, renumbered };
}

/** Losses that are findings as well. */
const SAID_BY_THE_DATABASE: ReadonlySet<string> = new Set<Loss['code']>(['slot_invalidated', 'publication_lost']);

