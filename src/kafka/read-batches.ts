import type { RecordsBatch } from '@platformatic/kafka';
import type { ReadRecord } from '../engine/port.ts';

/** Bits of a batch's attributes: https://kafka.apache.org/documentation/#recordbatch */
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;
/** A control record's key is a version and its type, two bytes each. */
const ABORT = 0;

export interface Aborted {
  readonly producerId: bigint;
  readonly firstOffset: bigint;
}

export interface Fetched {
  readonly batches: readonly RecordsBatch[];
  /** Transactions that were given up, whose records stand in the log nevertheless. */
  readonly aborted: readonly Aborted[];
  /** A batch comes whole, and may begin before it. */
  readonly from: bigint;
}

/** The records of what was fetched of a part, and the offset that follows it: without markers, and what was never committed. */
export function readBatches({ batches, aborted, from }: Fetched): { readonly records: ReadRecord[]; readonly next: bigint } {
  const records: ReadRecord[] = [];
  const upcoming = aborted.toSorted((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const open = new Set<bigint>();
  let next = from;
  for (const batch of batches) {
    const last = batch.firstOffset + BigInt(batch.lastOffsetDelta);
    while (upcoming[0] !== undefined && upcoming[0].firstOffset <= last) open.add(upcoming.shift()?.producerId ?? -1n);
    if (last + 1n > next) {
      next = last + 1n;
      if ((batch.attributes & CONTROL) === 0 && !((batch.attributes & TRANSACTIONAL) !== 0 && open.has(batch.producerId))) take(batch, from, records);
    }
    if ((batch.attributes & CONTROL) !== 0 && batch.records[0]?.key?.readInt16BE(2) === ABORT) open.delete(batch.producerId);
  }
  return { records, next };
}

function take(batch: RecordsBatch, from: bigint, into: ReadRecord[]): void {
  const time = Number(batch.firstTimestamp);
  for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
    const offset = batch.firstOffset + BigInt(offsetDelta);
    if (offset >= from) into.push({ offset, key, value, headers, timestamp: time + Number(timestampDelta) });
  }
}
