import type { Config } from '../config.ts';
import { WalhookError } from '../errors.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import type { StoredPosition } from '../position.ts';
import type { Facts } from './facts.ts';
import { identifier, literal } from './quote.ts';

/**
 * Why the stream cannot go on where it was left, or null if it can. Whatever the reason, changes in between were not
 * sent and cannot be had from the WAL any more, so that only a person can decide to go on without them: a slot is never
 * made anew in silence.
 */
export function brokenContinuity(config: Config, facts: Facts, stored: StoredPosition | null): WalhookError | null {
  const { slot: name, publication } = config.source;
  const { slot, server } = facts;
  if (stored !== null && stored.systemId !== server.systemId) {
    return new WalhookError(
      `the checkpoint of slot ${name} belongs to the Postgres cluster ${stored.systemId}, and this one is ${server.systemId}: its LSNs mean nothing here`,
      { code: 'other_system', hint: startOver(config, facts) },
    );
  }
  if (stored !== null && stored.timeline !== server.timeline) {
    return new WalhookError(
      `the checkpoint of slot ${name} is on timeline ${stored.timeline}, and the server on ${server.timeline}: a standby was promoted or a backup restored, and changes around ${formatLsn(stored.position.lsn)} may have been undone or not sent`,
      { code: 'other_timeline', hint: startOver(config, facts) },
    );
  }
  const from = stored?.position.lsn ?? slot?.confirmedFlushLsn ?? null;
  const gap = gapText(from, server.currentLsn);
  if (stored !== null && slot === null) {
    return new WalhookError(`slot ${name} is gone, but its checkpoint is not: ${gap}`, { code: 'slot_lost', hint: startOver(config, facts) });
  }
  if (slot !== null && (slot.walStatus === 'lost' || slot.invalidation !== null)) {
    const why = slot.invalidation === null ? '' : ` (${slot.invalidation})`;
    return new WalhookError(`slot ${name} is invalidated${why}: ${gap}`, { code: 'slot_invalidated', hint: startOver(config, facts) });
  }
  if (slot !== null && facts.publication === null) {
    return new WalhookError(`publication ${publication} is gone, and slot ${name} cannot decode what was written without it: ${gap}`, {
      code: 'publication_lost',
      hint: startOver(config, facts),
    });
  }
  return null;
}

function gapText(from: Lsn | null, to: Lsn): string {
  return from === null ? `changes up to ${formatLsn(to)} were not sent` : `changes between ${formatLsn(from)} and ${formatLsn(to)} were not sent`;
}

/** The SQL that forgets where the stream was, after which `setup` begins at the WAL's end. */
function startOver(config: Config, facts: Facts): string {
  const { slot } = config.source;
  const drop = facts.slot === null ? '' : `SELECT pg_drop_replication_slot(${literal(slot)}); `;
  return `to go on without the changes in between: ${drop}DELETE FROM ${identifier(config.state.schema)}.checkpoint WHERE slot = ${literal(slot)};  -- then walhook setup`;
}
