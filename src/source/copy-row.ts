import { NULL, TEXT, type Tuple } from '../change.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;
const CAPITAL_N = 0x4e;

/** What a letter behind a backslash stands for; any other character stands for itself. */
const ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x62, 0x08], // b
  [0x66, 0x0c], // f
  [0x6e, 0x0a], // n
  [0x72, 0x0d], // r
  [0x74, 0x09], // t
  [0x76, 0x0b], // v
]);

/**
 * A row in COPY's text format as a tuple: offsets into its bytes. Made once and read into again for every row.
 * https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"
 */
export class CopyRow implements Tuple {
  bytes: Buffer = Buffer.alloc(0);
  readonly count: number;
  readonly kind: Uint8Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;

  constructor(count: number) {
    this.count = count;
    this.kind = new Uint8Array(count);
    this.start = new Uint32Array(count);
    this.end = new Uint32Array(count);
  }

  /** Reads a line, which is a view: valid only as long as that is. Throws a RangeError if it has not as many columns. */
  read(line: Buffer): void {
    const { kind, start, end, count } = this;
    let length = line.length;
    if (line[length - 1] === NEWLINE) length--;
    let column = 0;
    for (let from = 0, at = 0; from <= length && column < count; from = at + 1) {
      at = from;
      while (at < length && line[at] !== TAB) at++;
      kind[column] = at - from === 2 && line[from] === BACKSLASH && line[from + 1] === CAPITAL_N ? NULL : TEXT;
      start[column] = from;
      end[column] = at;
      column++;
    }
    if (column !== count || end[count - 1] !== length) throw new RangeError('a copied row has another number of columns than the table');
    this.bytes = line.includes(BACKSLASH) ? this.#unescaped(line) : line;
  }

  #unescaped(line: Buffer): Buffer {
    const bytes = Buffer.from(line);
    for (let column = 0; column < this.count; column++) {
      if (this.kind[column] !== TEXT) continue;
      const end = this.end[column] ?? 0;
      let to = this.start[column] ?? 0;
      for (let at = to; at < end; at++, to++) {
        let byte = bytes[at] ?? 0;
        if (byte === BACKSLASH) {
          byte = bytes[++at] ?? 0;
          byte = ESCAPES.get(byte) ?? byte;
        }
        bytes[to] = byte;
      }
      this.end[column] = to;
    }
    return bytes;
  }
}
