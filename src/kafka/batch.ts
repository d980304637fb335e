import { crc32c } from '@platformatic/kafka';
import type { EngineRecord } from '../engine/port.ts';

/** Who produces, and the how-manieth record of the partition the batch begins with: by it the broker knows one that comes again. */
export interface BatchStamp {
  readonly producerId: bigint;
  readonly epoch: number;
  readonly sequence: number;
}

/** Bytes before the records. Layout: https://kafka.apache.org/documentation/#recordbatch */
export const HEAD = 61;
const LENGTH_AT = 8;
const LEADER_EPOCH_AT = 12;
const MAGIC_AT = 16;
const CRC_AT = 17;
const ATTRIBUTES_AT = 21;
const LAST_DELTA_AT = 23;
const FIRST_TIME_AT = 27;
const LAST_TIME_AT = 35;
const PRODUCER_AT = 43;
const EPOCH_AT = 51;
const SEQUENCE_AT = 53;
const COUNT_AT = 57;

/** The name of the one header. */
const HEADER = Buffer.from('walhook');
/** Attributes, time (the batch's own: 0), one header, the length of its name. */
const FIXED = 1 + 1 + 1 + 1 + HEADER.length;
/** The longest a varint of 32 bits can be. */
const LONGEST_VARINT = 5;

/** Bytes that the record takes at most. */
export function recordBound(record: EngineRecord): number {
  return FIXED + 5 * LONGEST_VARINT + bytesAtMost(record.key) + bytesAtMost(record.value) + bytesAtMost(record.header);
}

/** UTF-8 takes three bytes for a UTF-16 unit at most; texts that long are measured. */
function bytesAtMost(text: string): number {
  return text.length < 64 ? text.length * 3 : Buffer.byteLength(text);
}

/**
 * A batch of records as Kafka stores it (magic 2), not yet stamped.
 * @param bound the sum of recordBound
 * @param now Unix milliseconds
 */
export function encodeBatch(records: readonly EngineRecord[], bound: number, now: number): Buffer {
  const buffer = Buffer.allocUnsafe(HEAD + bound);
  let at = HEAD;
  for (let delta = 0; delta < records.length; delta++) {
    const record = records[delta];
    if (record !== undefined) at = writeRecord(buffer, at, record, delta);
  }
  const time = BigInt(now);
  buffer.writeBigInt64BE(0n, 0);
  buffer.writeInt32BE(at - LEADER_EPOCH_AT, LENGTH_AT);
  buffer.writeInt32BE(-1, LEADER_EPOCH_AT);
  buffer.writeInt8(2, MAGIC_AT);
  buffer.writeInt16BE(0, ATTRIBUTES_AT);
  buffer.writeInt32BE(records.length - 1, LAST_DELTA_AT);
  buffer.writeBigInt64BE(time, FIRST_TIME_AT);
  buffer.writeBigInt64BE(time, LAST_TIME_AT);
  buffer.writeInt32BE(records.length, COUNT_AT);
  return buffer.subarray(0, at);
}

/** Writes the stamp into a batch, in place, and the checksum that goes with it. */
export function stampBatch(batch: Buffer, { producerId, epoch, sequence }: BatchStamp): void {
  batch.writeBigInt64BE(producerId, PRODUCER_AT);
  batch.writeInt16BE(epoch, EPOCH_AT);
  batch.writeInt32BE(sequence, SEQUENCE_AT);
  batch.writeUInt32BE(crc32c(batch.subarray(ATTRIBUTES_AT)), CRC_AT);
}

function writeRecord(buffer: Buffer, start: number, record: EngineRecord, delta: number): number {
  const key = Buffer.byteLength(record.key);
  const value = Buffer.byteLength(record.value);
  const header = Buffer.byteLength(record.header);
  const length = FIXED + varintLength(delta) + varintLength(key) + key + varintLength(value) + value + varintLength(header) + header;
  let at = writeVarint(buffer, start, length);
  buffer[at++] = 0;
  buffer[at++] = 0;
  at = writeVarint(buffer, at, delta);
  at = writeVarint(buffer, at, key);
  at += buffer.write(record.key, at, key, 'utf8');
  at = writeVarint(buffer, at, value);
  at += buffer.write(record.value, at, value, 'utf8');
  at = writeVarint(buffer, at, 1);
  at = writeVarint(buffer, at, HEADER.length);
  at += HEADER.copy(buffer, at);
  at = writeVarint(buffer, at, header);
  return at + buffer.write(record.header, at, header, 'utf8');
}

/** A count of 0 or more, zigzag and in groups of seven bits, as Kafka writes all its varints. */
function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = (value << 1) >>> 0;
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

function varintLength(value: number): number {
  if (value < 0x40) return 1;
  if (value < 0x2000) return 2;
  if (value < 0x100000) return 3;
  return value < 0x8000000 ? 4 : 5;
}
