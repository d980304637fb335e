import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery.ts';
import { bytesInMemory } from '../../src/delivery.ts';
import type { ReadRecord } from '../../src/engine/port.ts';
import { DeliveryReader, HEADER, partitionOf, type RecordFailure, RecordWriter } from '../../src/engine/record.ts';

const PARTITIONS = 24;
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((one) => one.toWellFormed());
const request = fc.record({
  hook: text,
  endpoint: text,
  method: fc.option(text),
  path: fc.option(text),
  contentType: fc.option(text),
  headers: fc.array(fc.tuple(text, text), { maxLength: 3 }),
});
const delivery: fc.Arbitrary<Delivery> = fc
  .record({
    id: text,
    request,
    lane: fc.nat(Number.MAX_SAFE_INTEGER),
    sequence: fc.record({ commitLsn: fc.bigInt(0n, 2n ** 64n - 1n), ordinal: fc.nat(), nth: fc.nat() }),
    row: fc.option(text, { nil: undefined }),
    trace: fc.option(text, { nil: undefined }),
    operation: text,
    table: text,
    body: text,
    committedAt: fc.nat(),
  })
  .map((one) => ({ ...one, bytes: bytesInMemory(one.body, one.request) }));
const failure: fc.Arbitrary<RecordFailure | null> = fc.option(fc.record({ failure: fc.constant('expression' as const), status: fc.constant(null), message: text, response: text }));

function asRead({ key, value, header }: ReturnType<RecordWriter['write']>): ReadRecord {
  return { offset: 0n, key: Buffer.from(key), value: Buffer.from(value), headers: [[Buffer.from(HEADER), Buffer.from(header)]], timestamp: 0 };
}

test('a delivery comes out of its record as it went in', () => {
  const writer = new RecordWriter(PARTITIONS);
  const reader = new DeliveryReader();
  fc.assert(
    fc.property(delivery, failure, (one, why) => {
      const record = writer.write(one, why);
      expect(record).toMatchObject({ key: String(one.lane), value: one.body, partition: partitionOf(one.lane, PARTITIONS) });
      expect(record.partition).toBeLessThan(PARTITIONS);
      expect(reader.read(asRead(record))).toEqual({ delivery: one, failure: why });
    }),
  );
});

test('deliveries of one hook and endpoint share their request', () => {
  const shape = { hook: 'h', endpoint: 'crm', method: null, path: null, contentType: 'application/json', headers: [] };
  const [one] = fc.sample(delivery, 1);
  if (one === undefined) throw new Error('there is a sample');
  const writer = new RecordWriter(PARTITIONS);
  const reader = new DeliveryReader();
  const read = (id: string) => reader.read(asRead(writer.write({ ...one, id, request: shape }, null)))?.delivery.request;
  expect(read('a')).toBe(read('b'));
});

test.each([
  ['without a key', (record: ReadRecord) => ({ ...record, key: null }), /not as walhook writes one/],
  ['whose key is no lane', (record: ReadRecord) => ({ ...record, key: Buffer.from('x') }), /not as walhook writes one/],
  ['without a value', (record: ReadRecord) => ({ ...record, value: null }), /not as walhook writes one/],
  ['whose header is no JSON', (record: ReadRecord) => ({ ...record, headers: [[Buffer.from(HEADER), Buffer.from('secret\nsecret')]] as ReadRecord['headers'] }), /^(?!.*secret).*its header is not what walhook writes/],
  ['of a newer walhook', (record: ReadRecord) => ({ ...record, headers: [[Buffer.from(HEADER), Buffer.from('{}\n{"v":2}')]] as ReadRecord['headers'] }), /of version 2/],
])('a record %s is refused, and nothing of it told', (_, change, message) => {
  const [one] = fc.sample(delivery, 1);
  if (one === undefined) throw new Error('there is a sample');
  const record = asRead(new RecordWriter(PARTITIONS).write(one, null));
  expect(() => new DeliveryReader().read(change(record))).toThrow(message);
});

test('a record without the header is nobody of ours', () => {
  expect(new DeliveryReader().read({ offset: 0n, key: null, value: Buffer.from('x'), headers: [], timestamp: 0 })).toBeNull();
});
