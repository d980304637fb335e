import type pg from 'pg';
import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import type { StreamIdentity } from '../position.ts';
import { brokenContinuity } from './continuity.ts';
import { inspect } from './inspect.ts';

export interface ResumeOptions {
  readonly config: Config;
  readonly pool: pg.Pool;
  readonly identity: StreamIdentity;
  /** What this process has confirmed of the stream. */
  readonly confirmed: Lsn;
}

/**
 * To be asked on each connection, once nobody else can use the slot any more: whether it is where this process left it.
 * If it is further, somebody else has read from it, or it was made anew: Postgres begins there without a word, and what
 * another daemon has parked meanwhile is not known here.
 * @throws WalhookError `slot_moved`, or as `brokenContinuity` says.
 */
export async function refuseBrokenStream({ config, pool, identity, confirmed }: ResumeOptions): Promise<void> {
  const facts = await inspect(pool, config);
  const broken = brokenContinuity(config, facts, { ...identity, position: { lsn: confirmed, within: null } });
  if (broken !== null) throw broken;
  const found = facts.slot?.confirmedFlushLsn ?? confirmed;
  if (found <= confirmed) return;
  throw new WalhookError(
    `slot ${config.source.slot} was left at ${formatLsn(confirmed)} and is at ${formatLsn(found)}: another process has used it, or it was made anew`,
    {
      code: 'slot_moved',
      hint: `start walhook again: it waits while another one uses the slot. If none does, changes between ${formatLsn(confirmed)} and ${formatLsn(found)} were not sent`,
    },
  );
}
