import type { Config } from '../config.ts';
import { formatLsn, type Lsn, maxLsn, NO_LSN } from '../lsn.ts';
import type { StoredPosition } from '../position.ts';
import type { Facts } from './facts.ts';
import { inspect, type Queryable, walEnd } from './inspect.ts';
import type { Gap, Loss } from './loss.ts';
import { isOtherPublication, unpublished } from './published.ts';
import { readTimelines } from './replication-command.ts';
import { FIRST_TIMELINE, type Timelines, timelineEnd } from './timelines.ts';

/** The database, what is stored of the stream, and whether the one goes on where the other ends. */
export interface Continuity {
  readonly facts: Facts;
  readonly timelines: Timelines;
  /** Null if nothing is stored yet. */
  readonly stored: StoredPosition | null;
  /** Null if the stream can go on. */
  readonly loss: Loss | null;
}

/**
 * Looks at the database first, at the checkpoint then, and at the end of the WAL last, since a daemon may be running:
 * what it confirms meanwhile is stored by then, and what it stores meanwhile has been written by then.
 */
export async function continuity(config: Config, client: Queryable, checkpoint: () => Promise<StoredPosition | null>): Promise<Continuity> {
  const facts = await inspect(client, config);
  const stored = await checkpoint();
  const { timeline } = facts.server;
  const timelines = timeline === 1 ? FIRST_TIMELINE : await readTimelines(config, timeline);
  return { facts, timelines, stored, loss: findLoss({ config, facts, timelines, stored, end: await walEnd(client) }) };
}

interface Read extends Omit<Continuity, 'loss'> {
  readonly config: Config;
  /** Of the WAL, read after the checkpoint was. */
  readonly end: Lsn;
}

/**
 * Why the stream cannot go on where it was left, or null if it can. Whatever the reason, only a person can decide to go
 * on without what is missing: a slot is never made anew in silence.
 */
export function findLoss({ config, facts, timelines, stored, end }: Read): Loss | null {
  const { slot: name, publication } = config.source;
  const { slot, server } = facts;
  const from = stored?.position.lsn ?? slot?.confirmedFlushLsn ?? null;
  const gap: Gap = { from, to: end, kind: 'unsent' };
  if (stored !== null && stored.systemId !== server.systemId) {
    return {
      code: 'other_system',
      what: `the checkpoint of slot ${name} belongs to the Postgres cluster ${stored.systemId}, and this one is ${server.systemId}, where its LSNs mean nothing`,
      gap,
      remedy: 'new_slot',
    };
  }
  // What the publication left out, nobody has seen go by.
  const unpublishedGap: Gap = stored?.whole !== undefined && stored.whole < stored.position.lsn ? { ...gap, from: stored.whole } : gap;
  const isReadable = slot !== null && slot.walStatus !== 'lost' && slot.invalidation === null;
  const undone = stored === null ? null : undoneBy(timelines, stored);
  if (stored !== null && undone !== null) {
    return {
      code: 'other_timeline',
      what: `the checkpoint of slot ${name} is on timeline ${stored.timeline}, and the server on ${server.timeline}, ${undone.what}`,
      gap: isReadable ? { from: undone.from, to: stored.position.lsn, kind: 'undone' } : { ...gap, from: undone.from ?? from },
      remedy: isReadable ? 'slot_position' : 'new_slot',
    };
  }
  if (stored !== null && slot === null) {
    return { code: 'slot_lost', what: `slot ${name} is gone, but its checkpoint is not`, gap, remedy: 'new_slot' };
  }
  if (slot === null) return null;
  if (!isReadable) {
    const why = slot.invalidation === null ? '' : ` (${slot.invalidation})`;
    return { code: 'slot_invalidated', what: `slot ${name} is invalidated${why}`, gap, remedy: 'new_slot' };
  }
  if (facts.publication === null) {
    return {
      code: 'publication_lost',
      what: `publication ${publication} is gone, and slot ${name} cannot decode what was written without it`,
      gap: unpublishedGap,
      remedy: 'new_slot',
    };
  }
  const reached = stored === null ? NO_LSN : reachedBy(stored);
  if (reached > end) {
    return {
      code: 'wal_rewound',
      what: `the checkpoint of slot ${name} is at ${formatLsn(reached)}, and the server's WAL ends at ${formatLsn(end)}: the server was put back to what it was before`,
      gap: { from: end, to: reached, kind: 'undone' },
      remedy: 'slot_position',
    };
  }
  const before = stored?.publication === publication ? (stored.published ?? []) : [];
  if (isOtherPublication(before, facts)) return { code: 'publication_lost', what: publicationWasGone(config), gap: unpublishedGap, remedy: 'new_slot' };
  const at = slot.confirmedFlushLsn;
  if (stored !== null && at !== null && at > stored.position.lsn) {
    return {
      code: 'slot_moved',
      what: `slot ${name} was left at ${formatLsn(stored.position.lsn)} and is at ${formatLsn(at)}: it was made anew, or another program has read from it`,
      gap: { from: stored.position.lsn, to: at, kind: 'unsent' },
      remedy: 'slot_position',
    };
  }
  const missing = unpublished(before, config, facts);
  if (missing.length === 0) return null;
  return {
    code: 'publication_changed',
    what: `publication ${publication} has left out, for a time or until now, ${missing.join(', ')}`,
    gap: unpublishedGap,
    remedy: 'publication',
  };
}

export function publicationWasGone({ source: { publication, slot } }: Config): string {
  return `publication ${publication} was dropped and made again, and slot ${slot} cannot decode what was written without it`;
}

/** What of a position a failover has undone; null if nothing is: the server's history goes through all that was dealt with. */
function undoneBy(timelines: Timelines, stored: StoredPosition): { readonly what: string; readonly from: Lsn | null } | null {
  const end = timelineEnd(timelines, stored.timeline);
  if (end === null) return null;
  if (end === undefined) return { what: 'which did not come from that one', from: null };
  if (reachedBy(stored) <= end) return null;
  return { what: `which left that one at ${formatLsn(end)}: a standby was promoted, or a backup restored, that had less`, from: end };
}

/** The end of what was dealt with. */
function reachedBy({ position: { lsn, within } }: StoredPosition): Lsn {
  return within === null ? lsn : maxLsn(lsn, within.commitLsn + 1n);
}
