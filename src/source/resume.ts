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
  readonly confirmed: () => Lsn;
}

/**
 * To be asked before each connection: whether the slot is where this process left it. If it is further, somebody else
 * has read from it, or it was made anew: Postgres would begin there without a word, and what another daemon has parked
 * is not known here.
 * @throws WalhookError `slot_moved`, or as `brokenContinuity` says.
 */
export async function refuseBrokenStream({ config, pool, identity, confirmed }: ResumeOptions): Promise<void> {
  const facts = await inspect(pool, config);
  const left = confirmed();
  const broken = brokenContinuity(config, facts, { ...identity, position: { lsn: left, within: null } });
  if (broken !== null) throw broken;
  const found = facts.slot?.confirmedFlushLsn ?? left;
  if (found <= left) return;
  throw new WalhookError(
    `slot ${config.source.slot} was left at ${formatLsn(left)} and is at ${formatLsn(found)}: another process has used it, or it was made anew`,
    {
      code: 'slot_moved',
      hint: `start walhook again: it waits while another one uses the slot. If none does, changes between ${formatLsn(left)} and ${formatLsn(found)} were not sent`,
    },
  );
}
