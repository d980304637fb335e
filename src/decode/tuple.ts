import { TEXT, type Tuple } from '../change.ts';

/**
 * A TupleData message's columns as offsets into its bytes. Made once and read into again for every row.
 * https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html#PROTOCOL-LOGICALREP-MESSAGE-FORMATS-TUPLEDATA
 */
export class TupleReader implements Tuple {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  kind = new Uint8Array(32);
  start = new Uint32Array(32);
  end = new Uint32Array(32);

  /** Reads a TupleData at `offset` and returns the offset behind it. */
  read(bytes: Buffer, offset: number): number {
    const count = int16(bytes, offset);
    if (count > this.kind.length) this.#grow(count);
    const { kind, start, end } = this;
    let at = offset + 2;
    for (let i = 0; i < count; i++) {
      const k = bytes[at]!;
      kind[i] = k;
      at += 1;
      if (k === TEXT) {
        const length = int32(bytes, at);
        start[i] = at + 4;
        at += 4 + length;
        end[i] = at;
      }
    }
    this.bytes = bytes;
    this.count = count;
    return at;
  }

  #grow(count: number): void {
    this.kind = new Uint8Array(count);
    this.start = new Uint32Array(count);
    this.end = new Uint32Array(count);
  }
}

// Buffer's own readers check their arguments each time; these two are called for every column.
function int16(bytes: Buffer, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function int32(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
