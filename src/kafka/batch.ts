import { crc32c, Reader, readRecordsBatch } from '@platformatic/kafka';
import type { EngineRecord, Parcel } from '../engine/port.ts';

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
/** Bytes of a new batch's buffer, unless another batch gives it its own. */
const FIRST_SIZE = 4096;
/** A buffer that has grown larger than this is not kept for the next batch. */
const MOST_KEPT = 1_048_576;

/**
 * Records of one partition as Kafka stores them (magic 2), encoded as they are added, and who is told of each. A batch is filled, then sealed,
 * then stamped: once for each time that it goes out under a new name.
 */
export class Batch {
  readonly partition: number;
  readonly parcels: Parcel[] = [];
  #buffer: Buffer;
  #end = HEAD;
  #stampedBy: bigint | null = null;

  /** @param buffer of a batch that is over */
  constructor(partition: number, buffer: Buffer = Buffer.allocUnsafeSlow(FIRST_SIZE)) {
    this.partition = partition;
    this.#buffer = buffer;
  }

  get count(): number {
    return this.parcels.length;
  }

  /** As it is sent. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#end);
  }

  /** For the next batch; nobody may look at this one any more. Null if it is not worth to be kept. */
  get spare(): Buffer | null {
    return this.#buffer.length > MOST_KEPT ? null : this.#buffer;
  }

  /** False, and nothing is done, if the batch would be larger than `limit` bytes, and is not empty. */
  add({ key, value, header }: EngineRecord, parcel: Parcel, limit: number): boolean {
    const delta = this.parcels.length;
    const keyBytes = Buffer.byteLength(key);
    const valueBytes = Buffer.byteLength(value);
    const headerBytes = Buffer.byteLength(header);
    const length = FIXED + varintLength(delta) + varintLength(keyBytes) + keyBytes + varintLength(valueBytes) + valueBytes + varintLength(headerBytes) + headerBytes;
    const end = this.#end + varintLength(length) + length;
    if (delta > 0 && end > limit) return false;
    if (end > this.#buffer.length) this.#grow(end);
    const buffer = this.#buffer;
    let at = writeVarint(buffer, this.#end, length);
    buffer[at++] = 0;
    buffer[at++] = 0;
    at = writeVarint(buffer, at, delta);
    at = writeVarint(buffer, at, keyBytes);
    at += buffer.write(key, at, keyBytes, 'utf8');
    at = writeVarint(buffer, at, valueBytes);
    at += buffer.write(value, at, valueBytes, 'utf8');
    at = writeVarint(buffer, at, 1);
    at = writeVarint(buffer, at, HEADER.length);
    for (let index = 0; index < HEADER.length; index++) buffer[at++] = HEADER[index] ?? 0;
    at = writeVarint(buffer, at, headerBytes);
    buffer.write(header, at, headerBytes, 'utf8');
    this.#end = end;
    this.parcels.push(parcel);
    return true;
  }

  /** Nothing is added any more. @param now Unix milliseconds: the time of all its records */
  seal(now: number): void {
    const buffer = this.#buffer;
    const time = BigInt(now);
    buffer.writeBigInt64BE(0n, 0);
    buffer.writeInt32BE(this.#end - LEADER_EPOCH_AT, LENGTH_AT);
    buffer.writeInt32BE(-1, LEADER_EPOCH_AT);
    buffer.writeInt8(2, MAGIC_AT);
    buffer.writeInt16BE(0, ATTRIBUTES_AT);
    buffer.writeInt32BE(this.count - 1, LAST_DELTA_AT);
    buffer.writeBigInt64BE(time, FIRST_TIME_AT);
    buffer.writeBigInt64BE(time, LAST_TIME_AT);
    buffer.writeInt32BE(this.count, COUNT_AT);
  }

  /** Writes the stamp, in place, and the checksum that goes with it; nothing if it has the producer's stamp already: it keeps its sequence, however often it is sent. */
  stamp({ producerId, epoch, sequence }: BatchStamp): void {
    if (this.#stampedBy === producerId) return;
    const { bytes } = this;
    bytes.writeBigInt64BE(producerId, PRODUCER_AT);
    bytes.writeInt16BE(epoch, EPOCH_AT);
    bytes.writeInt32BE(sequence, SEQUENCE_AT);
    bytes.writeUInt32BE(crc32c(bytes.subarray(ATTRIBUTES_AT)), CRC_AT);
    this.#stampedBy = producerId;
  }

  /** What was added, read back; of a sealed batch. */
  records(): EngineRecord[] {
    return readRecordsBatch(Reader.from(this.bytes)).records.map(({ key, value, headers: [header] }) => ({
      partition: this.partition,
      key: String(key),
      value: String(value),
      header: String(header?.[1]),
    }));
  }

  #grow(least: number): void {
    const buffer = Buffer.allocUnsafeSlow(Math.max(least, this.#buffer.length * 2));
    this.#buffer.copy(buffer, 0, 0, this.#end);
    this.#buffer = buffer;
  }
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
