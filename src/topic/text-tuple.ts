import { NULL, TEXT, type Tuple, UNCHANGED } from '../change.ts';
import type { UNTOLD } from './told-change.ts';

/** Memory beyond this is given back. */
const KEPT_SIZE = 1024 * 1024;

/** A row made of texts. Made once and filled again for every record. */
export class TextTuple implements Tuple {
  bytes: Buffer = Buffer.alloc(0);
  count = 0;
  kind = new Uint8Array(32);
  start = new Uint32Array(32);
  end = new Uint32Array(32);

  fill(texts: readonly (string | null | typeof UNTOLD)[]): this {
    const count = texts.length;
    if (count > this.kind.length) {
      this.kind = new Uint8Array(count);
      this.start = new Uint32Array(count);
      this.end = new Uint32Array(count);
    }
    // UTF-8 takes at most three bytes for what is one in a JavaScript string.
    const room = 3 * texts.reduce((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
    if (room > this.bytes.length || this.bytes.length > KEPT_SIZE) this.bytes = Buffer.allocUnsafe(Math.max(room, 1024));
    let at = 0;
    for (const [i, text] of texts.entries()) {
      if (typeof text !== 'string') {
        this.kind[i] = text === null ? NULL : UNCHANGED;
        continue;
      }
      this.kind[i] = TEXT;
      this.start[i] = at;
      at += this.bytes.write(text, at);
      this.end[i] = at;
    }
    this.count = count;
    return this;
  }
}
