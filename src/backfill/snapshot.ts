/** Which transactions a query saw: `pg_current_snapshot()`, with transaction ids cut to the 32 bits that the stream has. */
export interface Snapshot {
  /** All transactions below it are over. */
  readonly xmin: number;
  /** None from here on is seen. */
  readonly xmax: number;
  /** Those between that were not over. */
  readonly inProgress: ReadonlySet<number>;
}

/**
 * @param text `xmin:xmax:xip,…`: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT
 * @throws RangeError for any other text
 */
export function parseSnapshot(text: string): Snapshot {
  const match = /^(\d+):(\d+):([\d,]*)$/.exec(text);
  if (match === null) throw new RangeError('this is no snapshot');
  const [, xmin = '', xmax = '', list = ''] = match;
  return { xmin: cut(xmin), xmax: cut(xmax), inProgress: new Set(list.split(',').filter(Boolean).map(cut)) };
}

/** True if what the transaction has done was seen, provided that it is committed. */
export function sees({ xmin, xmax, inProgress }: Snapshot, xid: number): boolean {
  if (isBefore(xid, xmin)) return true;
  return isBefore(xid, xmax) && !inProgress.has(xid);
}

/** The order of 32-bit transaction ids, which wrap around: those of one time are less than 2^31 apart. */
export function isBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}

function cut(xid: string): number {
  return Number(BigInt(xid) & 0xffff_ffffn);
}
