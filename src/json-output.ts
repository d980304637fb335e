import { TEXT, type Tuple } from './change.ts';

declare global {
  /** What `toString` and `write` call after they have checked their arguments; without the checks a fifth faster on short values. */
  interface Buffer<TArrayBuffer extends ArrayBufferLike = ArrayBufferLike> extends Uint8Array<TArrayBuffer> {
    latin1Slice(start: number, end: number): string;
    utf8Slice(start: number, end: number): string;
    utf8Write(text: string, offset: number): number;
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Up to this many bytes, a loop copies faster than a call into the runtime, which takes as long as 35 bytes of it. */
const SHORT = 32;
/** What is looked at byte by byte anyway is copied on the way, up to this many bytes. */
const SHORT_TEXT = 96;

const SHORT_PIECE = 12;
/** More than quotes or `null` take. */
const ROOM = 8;
const ZERO = 0x30;
const NINE = 0x39;

const FIRST_SIZE = 1024;
/** After a text larger than this the memory is given back. */
const KEPT_SIZE = 256 * 1024;

/** By byte, 1 if it cannot stand in a JSON string as it is. A look-up is twice as fast as comparing. */
const ESCAPED = Uint8Array.from({ length: 256 }, (_, byte) => (byte < 0x20 || byte === QUOTE || byte === BACKSLASH ? 1 : 0));

/** How a type's text becomes JSON: digits as they stand, between quotes, between quotes and escaped, or in a way of its own. */
export type Way = 'number' | 'quoted' | 'text' | 'made';

/** JSON text that is the same every time, ready to be written. */
export type Piece = Uint8Array;

export function piece(json: string): Piece {
  return Uint8Array.from(Buffer.from(json));
}

/**
 * JSON on its way from a row's bytes to a body's text, as UTF-8 in memory that is used again for the next one. A string
 * for each value, put together and then flattened, takes four times as long: a call into the runtime costs as much for
 * one column as for a whole body.
 */
export class JsonOutput {
  #bytes = Buffer.alloc(0);
  #length = 0;

  /** How many bytes have been written. */
  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
    if (this.#bytes.length > KEPT_SIZE) this.#bytes = Buffer.alloc(0);
  }

  /** Takes back all that was written behind the first `length` bytes. */
  cut(length: number): void {
    this.#length = length;
  }

  piece(json: Piece): void {
    const end = this.#length + json.length;
    if (end > this.#bytes.length) this.#grow(end);
    if (json.length > SHORT_PIECE) {
      this.#bytes.set(json, this.#length);
    } else {
      const bytes = this.#bytes;
      for (let i = 0, to = this.#length; i < json.length; i++, to++) bytes[to] = json[i]!;
    }
    this.#length = end;
  }

  /** JSON that is a string already. */
  string(json: string): void {
    const most = this.#length + 3 * json.length;
    if (most > this.#bytes.length) this.#grow(most);
    this.#length += this.#bytes.utf8Write(json, this.#length);
  }

  byte(byte: number): void {
    const at = this.#length;
    if (at >= this.#bytes.length) this.#grow(at + 1);
    this.#bytes[at] = byte;
    this.#length = at + 1;
  }

  /** Puts another byte in the place of one that has been written. */
  replace(at: number, byte: number): void {
    this.#bytes[at] = byte;
  }

  /** Bytes that are JSON as they stand. */
  plain(from: Buffer, start: number, end: number): void {
    const at = this.#length;
    const last = at + end - start;
    if (last > this.#bytes.length) this.#grow(last);
    const bytes = this.#bytes;
    if (end - start > SHORT) from.copy(bytes, at, start, end);
    else for (let i = start, to = at; i < end; i++, to++) bytes[to] = from[i]!;
    this.#length = last;
  }

  /** Bytes that stand in a JSON string as they are. */
  quoted(from: Buffer, start: number, end: number): void {
    this.byte(QUOTE);
    this.plain(from, start, end);
    this.byte(QUOTE);
  }

  /** Text in UTF-8 → a JSON string: the way of most types that JSON knows nothing of, and the hottest of all. */
  text(from: Buffer, start: number, end: number): void {
    const at = this.#length;
    const last = at + end - start + 2;
    if (last > this.#bytes.length) this.#grow(last);
    const bytes = this.#bytes;
    let escaped = 0;
    if (end - start > SHORT_TEXT) {
      for (let i = start; i < end; i++) escaped |= ESCAPED[from[i]!]!;
      from.copy(bytes, at + 1, start, end);
    } else {
      for (let i = start, to = at + 1; i < end; i++, to++) {
        const byte = from[i]!;
        escaped |= ESCAPED[byte]!;
        bytes[to] = byte;
      }
    }
    if (escaped !== 0) return this.string(JSON.stringify(from.utf8Slice(start, end)));
    bytes[at] = QUOTE;
    bytes[last - 1] = QUOTE;
    this.#length = last;
  }

  /**
   * A value of a row behind what stands before it, all in one call: half of the time goes into calls otherwise.
   * @returns false if the value is made some other way: then only what stands before it has been written
   */
  column(before: Piece, way: Way, tuple: Tuple, column: number): boolean {
    const isText = tuple.kind[column] === TEXT;
    const from = tuple.bytes;
    const start = isText ? tuple.start[column]! : 0;
    const end = isText ? tuple.end[column]! : 0;
    let at = this.#length;
    const most = at + before.length + end - start + ROOM;
    if (most > this.#bytes.length) this.#grow(most);
    const bytes = this.#bytes;
    if (before.length > SHORT_PIECE) bytes.set(before, at);
    else for (let i = 0; i < before.length; i++) bytes[at + i] = before[i]!;
    at += before.length;
    this.#length = at;
    if (!isText) {
      bytes[at] = 0x6e;
      bytes[at + 1] = 0x75;
      bytes[at + 2] = 0x6c;
      bytes[at + 3] = 0x6c;
      this.#length = at + 4;
      return true;
    }
    switch (way) {
      case 'number': {
        const last = from[end - 1]!;
        if (last < ZERO || last > NINE) return false;
        for (let i = start; i < end; i++) bytes[at++] = from[i]!;
        this.#length = at;
        return true;
      }
      case 'quoted':
        if (end - start > SHORT_TEXT) return false;
        bytes[at++] = QUOTE;
        for (let i = start; i < end; i++) bytes[at++] = from[i]!;
        bytes[at++] = QUOTE;
        this.#length = at;
        return true;
      case 'text': {
        if (end - start > SHORT_TEXT) return false;
        let escaped = 0;
        bytes[at++] = QUOTE;
        for (let i = start; i < end; i++) {
          const byte = from[i]!;
          escaped |= ESCAPED[byte]!;
          bytes[at++] = byte;
        }
        if (escaped !== 0) return false;
        bytes[at++] = QUOTE;
        this.#length = at;
        return true;
      }
      case 'made':
        return false;
    }
  }

  /** True if what was written from `start` to `middle` is the same as what stands behind it. */
  repeats(start: number, middle: number, from: number): boolean {
    const length = middle - start;
    if (this.#length - from !== length) return false;
    const bytes = this.#bytes;
    for (let i = 0; i < length; i++) if (bytes[start + i] !== bytes[from + i]) return false;
    return true;
  }

  /** True if `null` is all that was written from `start` on. */
  isNull(start: number): boolean {
    const bytes = this.#bytes;
    return this.#length - start === 4 && bytes[start] === 0x6e && bytes[start + 1] === 0x75 && bytes[start + 2] === 0x6c && bytes[start + 3] === 0x6c;
  }

  /** All that has been written, in one flat string. */
  take(): string {
    return this.#bytes.utf8Slice(0, this.#length);
  }

  #grow(size: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(size, 2 * this.#bytes.length, FIRST_SIZE));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
