/** How many digits of a hash are kept: of a row, since those of one backfill stand side by side; of a table and hook, which are often the same. */
const OF_ROW = 8;
const OF_TAG = 6;

const BY_PLACE = /^0*([0-9a-f]+)((?:-t\d+)?-\d+-[iuvdt])-([0-9a-f]{16})$/;
const BY_ROW = /^(.+)-([bs])-([0-9a-f]{32})-([0-9a-f]{16})$/;

/**
 * An id with that left out which the ids beside it have too: `0000000001a2b3c4-7-i-5f0e9c21d38e1cba` is `1a2b3c4-7-i-…8e1cba`, a row
 * of a backfill `bf…x7k2-b-9a31c04d…8e1cba`, one of a schedule `20261122T023000Z-s-9a31c04d…8e1cba`. The forms: src/format/event-id.ts.
 */
export function shortId(id: string): string {
  const [, lsn, place, tag] = BY_PLACE.exec(id) ?? [];
  if (lsn !== undefined && place !== undefined && tag !== undefined) return `${lsn}${place}-…${tag.slice(-OF_TAG)}`;
  const [, from, letter, row, ofHook] = BY_ROW.exec(id) ?? [];
  if (from !== undefined && letter !== undefined && row !== undefined && ofHook !== undefined) return `${shortBackfill(from)}-${letter}-${row.slice(0, OF_ROW)}…${ofHook.slice(-OF_TAG)}`;
  return id.length <= 15 ? id : shortBackfill(id, `${id.slice(0, 8)}…${id.slice(-6)}`);
}

/** `bf_20261121T193000_x7k2` by its end. */
function shortBackfill(id: string, otherwise = id): string {
  const [, end] = /^bf_\w+_(\w{4,})$/.exec(id) ?? [];
  return end === undefined ? otherwise : `bf…${end}`;
}
