import { type Lsn, maxLsn } from '../lsn.ts';
import type { Position, StoredPosition } from '../position.ts';

/**
 * Where to begin: where the stored position is, or where the slot is if that is further.
 * @param confirmed the slot's confirmed_flush_lsn
 * @param publication the one that is read now: another one counts a transaction's changes otherwise, so that a place
 *   within a transaction means nothing under it
 */
export function startPosition(stored: StoredPosition | null, confirmed: Lsn, publication: string): Position {
  if (stored === null) return { lsn: confirmed, within: null };
  const lsn = maxLsn(confirmed, stored.position.lsn);
  const { within } = stored.position;
  const isValid = within !== null && within.commitLsn >= lsn && stored.publication === publication;
  return { lsn, within: isValid ? within : null };
}
