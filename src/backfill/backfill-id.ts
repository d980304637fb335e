import { randomInt } from 'node:crypto';

const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';
const RANDOM = 6;

/** A name for a backfill, part of its deliveries' webhook-ids: bf_20261121T193000_x7k2qa. No dot. */
export function newBackfillId(now: Date): string {
  const at = now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '');
  const random = Array.from({ length: RANDOM }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
  return `bf_${at}_${random}`;
}
