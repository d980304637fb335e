import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import type { EngineRecord } from '../../src/engine/port.ts';
import { Batch } from '../../src/kafka/batch.ts';

const record = (value: string, header = '{"a":1}'): EngineRecord => ({ partition: 3, key: '12', value, header });
const parcel = { taken: () => undefined, tooLarge: () => undefined };

function batchOf(records: readonly EngineRecord[], buffer?: Buffer): Batch {
  const batch = new Batch(3, buffer);
  for (const each of records) batch.add(each, parcel, Infinity);
  batch.seal(1_700_000_000_000);
  batch.stamp({ producerId: 4_000_000_000n, epoch: 3, sequence: 77 });
  return batch;
}

test.each([
  ['short texts', [record('a'), record('b')]],
  ['an empty text', [record('', '')]],
  ['texts beyond ASCII', [record('žluťoučký 🐎 \u0000', '"é"')]],
  ['a text of a size at which its length takes more bytes', [63, 64, 8191, 8192, 1_048_575, 1_048_576].map((size) => record('x'.repeat(size)))],
  ['so many that their numbers take more bytes', Array.from({ length: 9_000 }, (_, index) => record(String(index)))],
])('%s are read back as they were written', (_, records) => {
  const written = batchOf(records);
  expect(written.records()).toEqual(records);
  const batch = readRecordsBatch(Reader.from(written.bytes));
  expect(batch.records.map(({ key, value, headers, offsetDelta }) => [key?.toString(), value?.toString(), headers.map(([name, text]) => [name?.toString(), text?.toString()]), offsetDelta])).toEqual(
    records.map(({ key, value, header }, index) => [key, value, [['walhook', header]], index]));
  expect(batch).toMatchObject({ magic: 2, attributes: 0, lastOffsetDelta: records.length - 1, firstTimestamp: 1_700_000_000_000n, maxTimestamp: 1_700_000_000_000n });
});

test('the head says who wrote it, and sums up the rest', () => {
  const { bytes } = batchOf([record('a')]);
  const batch = readRecordsBatch(Reader.from(bytes));
  expect(batch).toMatchObject({ producerId: 4_000_000_000n, producerEpoch: 3, firstSequence: 77, length: bytes.length - 12 });
  expect(batch.crc).toBe(crc32c(bytes.subarray(21)));
});

test('a record that passes the limit is left out, but for the first', () => {
  const batch = new Batch(3);
  expect([batch.add(record('x'.repeat(500)), parcel, 200), batch.add(record('y'), parcel, 200), batch.count]).toEqual([true, false, 1]);
  expect(batch.bytes.length).toBeGreaterThan(200);
  const other = batchOf([record('a')]);
  expect(new Batch(3).add(record('a'), parcel, other.bytes.length)).toBe(true);
});

test('what another batch left in the buffer does not show', () => {
  const records = [record('short'), record('é'.repeat(40))];
  const { spare } = batchOf([record('x'.repeat(100_000))]);
  if (spare === null) expect.fail();
  expect(batchOf(records, spare).bytes).toEqual(batchOf(records).bytes);
});

test('a batch keeps its sequence under one name, and gets another under another', () => {
  const batch = batchOf([record('a')]);
  const stamped = (): { producerId: bigint; firstSequence: number; crc: number } => readRecordsBatch(Reader.from(batch.bytes));
  batch.stamp({ producerId: 4_000_000_000n, epoch: 3, sequence: 99 });
  expect(stamped()).toMatchObject({ firstSequence: 77 });
  batch.stamp({ producerId: 5n, epoch: 0, sequence: 0 });
  expect(stamped()).toMatchObject({ producerId: 5n, firstSequence: 0, crc: crc32c(batch.bytes.subarray(21)) });
});
