import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import { expect, test } from 'vitest';
import type { EngineRecord } from '../../src/engine/port.ts';
import { encodeBatch, HEAD, recordBound, stampBatch } from '../../src/kafka/batch.ts';

const record = (value: string, header = '{"a":1}'): EngineRecord => ({ partition: 0, key: '12', value, header });

function encode(records: readonly EngineRecord[]): Buffer {
  const batch = encodeBatch(records, records.reduce((sum, each) => sum + recordBound(each), 0), 1_700_000_000_000);
  stampBatch(batch, { producerId: 4_000_000_000n, epoch: 3, sequence: 77 });
  return batch;
}

test.each([
  ['short texts', [record('a'), record('b')]],
  ['an empty text', [record('', '')]],
  ['texts beyond ASCII', [record('žluťoučký 🐎 \u0000', '"é"')]],
  ['a text of a size at which its length takes more bytes', [63, 64, 8191, 8192, 1_048_575, 1_048_576].map((size) => record('x'.repeat(size)))],
  ['so many that their numbers take more bytes', Array.from({ length: 9_000 }, (_, index) => record(String(index)))],
])('%s are read back as they were written', (_, records) => {
  const batch = readRecordsBatch(Reader.from(encode(records)));
  expect(batch.records.map(({ key, value, headers, offsetDelta }) => [key?.toString(), value?.toString(), headers.map(([name, text]) => [name?.toString(), text?.toString()]), offsetDelta])).toEqual(
    records.map(({ key, value, header }, index) => [key, value, [['walhook', header]], index]));
  expect(batch).toMatchObject({ magic: 2, attributes: 0, lastOffsetDelta: records.length - 1, firstTimestamp: 1_700_000_000_000n, maxTimestamp: 1_700_000_000_000n });
});

test('the head says who wrote it, and sums up the rest', () => {
  const bytes = encode([record('a')]);
  const batch = readRecordsBatch(Reader.from(bytes));
  expect(batch).toMatchObject({ producerId: 4_000_000_000n, producerEpoch: 3, firstSequence: 77, length: bytes.length - 12 });
  expect(batch.crc).toBe(crc32c(bytes.subarray(21)));
});

test('a batch is no larger than its bound', () => {
  for (const each of [record(''), record('é'.repeat(63)), record('😀'.repeat(1000))]) expect(encode([each]).length).toBeLessThanOrEqual(HEAD + recordBound(each));
});
