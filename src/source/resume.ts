import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import type { StoredPosition, StreamIdentity } from '../position.ts';
import { connectionError, type ErrorContext } from './connection-error.ts';
import { type Continuity, continuity, publicationWasGone } from './continuity.ts';
import type { Queryable } from './inspect.ts';
import { type Loss, lossError } from './loss.ts';
import { RESTART } from './restart.ts';

export interface ResumeOptions {
  readonly config: Config;
  readonly pool: Queryable;
  readonly identity: StreamIdentity;
  /** What this process has confirmed of the stream. */
  readonly confirmed: Lsn;
  /** What was confirmed when the publication was last seen as it should be; null: it was not looked at. */
  readonly wholeAt: Lsn | null;
  /** Loads what is stored of the slot, maybe by another process. */
  readonly checkpoint: () => Promise<StoredPosition | null>;
}

/**
 * To be asked on each connection, once nobody else can use the slot any more: whether it is where this process left it.
 * If it is further, somebody else has read from it, or it was made anew: Postgres begins there without a word, and what
 * another daemon has parked meanwhile is not known here.
 *
 * @throws WalhookError that says what is lost; `slot_taken` if another daemon has gone on from here, and `timeline_changed`
 *   if a standby has taken the server's place and nothing is lost: then a new start goes on.
 */
export async function refuseBrokenStream(options: ResumeOptions): Promise<void> {
  const { facts, loss } = await look(options);
  if (loss !== null) throw await refusal(loss, options);
  const { server } = facts;
  if (server.timeline !== options.identity.timeline) {
    throw new WalhookError(`the server was on timeline ${options.identity.timeline} and is on ${server.timeline}: a standby was promoted`, {
      code: RESTART.timelineChanged,
    });
  }
}

/**
 * Why a stream has ended, or could not begin: what the server said, or, where that is the sign of something lost, what
 * that is and which changes are missing.
 */
export async function explainBrokenStream(error: unknown, options: ResumeOptions, context: ErrorContext): Promise<WalhookError> {
  const said = connectionError(error, context);
  if (!SIGNS.has(said.code)) return said;
  try {
    const found = await look(options);
    // A standby that is yet to be promoted has no slot that can be read.
    if (found.facts.server.inRecovery) return new WalhookError(`${said.message}: the server is a standby`, { code: 'standby', reaction: 'retry' });
    const loss = found.loss ?? withoutPublication(said, options, found);
    return loss === null ? said : await refusal(loss, options);
  } catch (failure) {
    const unknown = connectionError(failure, context);
    // Whether something is lost cannot be told now, so it is asked again.
    return unknown.reaction === 'retry' ? unknown : said;
  }
}

/** What Postgres says of a stream that may have lost something. */
const SIGNS = new Set(['slot_missing', 'slot_invalidated', 'publication_missing', 'publication_gone', 'publication_altered', 'database_state', 'wal_removed']);

function look({ config, pool, identity, confirmed, wholeAt }: ResumeOptions): Promise<Continuity> {
  const whole = wholeAt === null ? {} : { whole: wholeAt };
  return continuity(config, pool, () => Promise.resolve({ ...identity, ...whole, position: { lsn: confirmed, within: null } }));
}

async function refusal(loss: Loss, { config, checkpoint }: ResumeOptions): Promise<WalhookError> {
  if (loss.code !== 'slot_moved') return lossError(loss);
  const stored = await checkpoint();
  if (stored === null || stored.position.lsn < loss.gap.to) return lossError(loss);
  return new WalhookError(`another walhook has read slot ${config.source.slot} on, up to ${formatLsn(loss.gap.to)}`, { code: RESTART.slotTaken });
}

/** The walsender misses a publication that is there: it was dropped and made anew, and what was written in between cannot be decoded. */
function withoutPublication(said: WalhookError, { config, confirmed, wholeAt }: ResumeOptions, { facts }: Continuity): Loss | null {
  if (said.code !== 'publication_missing' && said.code !== 'publication_gone') return null;
  return {
    code: 'publication_lost',
    what: publicationWasGone(config),
    gap: { from: wholeAt ?? confirmed, to: facts.server.currentLsn, kind: 'unsent' },
    remedy: 'new_slot',
  };
}
