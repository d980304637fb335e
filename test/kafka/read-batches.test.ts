import type { RecordsBatch } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import { readBatches } from '../../src/kafka/read-batches.ts';

function batch(firstOffset: bigint, values: readonly string[], changes: Partial<RecordsBatch> = {}): RecordsBatch {
  return {
    firstOffset, length: 0, partitionLeaderEpoch: 0, magic: 2, crc: 0, attributes: 0, lastOffsetDelta: values.length - 1, firstTimestamp: 1000n, maxTimestamp: 1000n,
    producerId: -1n, producerEpoch: 0, firstSequence: 0,
    records: values.map((value, offsetDelta) => ({ length: 0, attributes: 0, timestampDelta: 5n, offsetDelta, key: null, value: Buffer.from(value), headers: [] })),
    ...changes,
  };
}

const TRANSACTIONAL = 0x10;
const marker = (offset: bigint, producerId: bigint, type: 0 | 1): RecordsBatch => batch(offset, [''], {
  attributes: TRANSACTIONAL | 0x20, producerId,
  records: [{ length: 0, attributes: 0, timestampDelta: 0n, offsetDelta: 0, key: Buffer.from([0, 0, 0, type]), value: null, headers: [] }],
});
const values = (read: ReturnType<typeof readBatches>): [string, bigint][] => read.records.map(({ value, offset }) => [String(value), offset]);

test('records before the offset that was asked for are left out', () => {
  const read = readBatches({ batches: [batch(10n, ['a', 'b', 'c']), batch(13n, ['d'])], aborted: [], from: 12n });
  expect(values(read)).toEqual([['c', 12n], ['d', 13n]]);
  expect(read.next).toBe(14n);
  expect(read.records[0]?.timestamp).toBe(1005);
});

test('a batch whose end was compacted away is gone past', () => {
  const read = readBatches({ batches: [batch(10n, ['a'], { lastOffsetDelta: 9 })], aborted: [], from: 10n });
  expect(read.next).toBe(20n);
});

test('nothing fetched, nothing moved', () => {
  expect(readBatches({ batches: [], aborted: [], from: 5n })).toEqual({ records: [], next: 5n });
});

test('what a transaction gave up is left out, with all markers, and what others wrote meanwhile is not', () => {
  const batches = [
    batch(0n, ['given up'], { attributes: TRANSACTIONAL, producerId: 7n }),
    batch(1n, ['another']),
    batch(2n, ['committed'], { attributes: TRANSACTIONAL, producerId: 8n }),
    marker(3n, 7n, 0),
    marker(4n, 8n, 1),
    batch(5n, ['later'], { attributes: TRANSACTIONAL, producerId: 7n }),
  ];
  const read = readBatches({ batches, aborted: [{ producerId: 7n, firstOffset: 0n }], from: 0n });
  expect(values(read)).toEqual([['another', 1n], ['committed', 2n], ['later', 5n]]);
  expect(read.next).toBe(6n);
});
