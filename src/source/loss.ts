import { EXIT, WalhookError } from '../errors.ts';
import { formatLsn, type Lsn } from '../lsn.ts';

/** Why a stream cannot go on where it was left, and what that costs. */
export interface Loss {
  readonly code: LossCode;
  /** What has happened, as in `slot walhook is gone`. */
  readonly what: string;
  readonly gap: Gap;
  /** What `walhook resync --accept-gap` does about it. */
  readonly remedy: Remedy;
}

export type LossCode =
  /** The slot was dropped. */
  | 'slot_lost'
  /** It is further than what was ever confirmed: it was made anew, or read by somebody else. */
  | 'slot_moved'
  /** Postgres gave it up, and removed WAL that it needs. */
  | 'slot_invalidated'
  /** It is not there, or was not for a while: nothing written meanwhile can be decoded. */
  | 'publication_lost'
  /** It left something out that it published before. */
  | 'publication_changed'
  | 'other_system'
  | 'other_timeline'
  /** The WAL ends before what was dealt with: a snapshot was put in the server's place. */
  | 'wal_rewound';

export interface Gap {
  /** The end of what is delivered, parked or dead; null: nothing is known. */
  readonly from: Lsn | null;
  readonly to: Lsn;
  /** `unsent`: changes in between were not sent. `undone`: they were sent, and are not in the database any more. */
  readonly kind: 'unsent' | 'undone';
}

export type Remedy =
  /** Drop the slot, if there is one, and make it anew: the stream begins at the end of the WAL. */
  | 'new_slot'
  /** Go on where the slot is. */
  | 'slot_position'
  /** Go on where it was left, with the publication as the config wants it. */
  | 'publication';

/** `changes between 0/1 and 0/2 were not sent` */
export function gapText({ from, to, kind }: Gap): string {
  const where = from === null ? `up to ${formatLsn(to)}` : `between ${formatLsn(from)} and ${formatLsn(to)}`;
  return kind === 'unsent' ? `changes ${where} were not sent` : `changes ${where} were sent, and are not in this database`;
}

export function lossText({ what, gap }: Loss): string {
  return `${what}: ${gapText(gap)}`;
}

/** What to do about any loss. */
export const RESYNC_HINT = 'walhook resync  # says what is lost; with --accept-gap it goes on without it';

/** A slot is never made anew in silence, and no gap is skipped: only a person can decide to go on. */
export function lossError(loss: Loss): WalhookError {
  return new WalhookError(lossText(loss), { code: loss.code, hint: RESYNC_HINT, exit: EXIT.failure, reaction: 'stop' });
}
