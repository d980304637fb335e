/** Sixteenths of a millisecond, in buckets that are a quarter of a power of two wide: a value is told to within an eighth. */
const UNIT = 16;
const PER_OCTAVE = 4;
const BUCKETS = 120;
const MOST = 2 ** 31 - 1;
/** The minute that runs, and five before it. */
const MINUTES = 6;

/** How long things took: since the start, and over the last five minutes. To add one is two increments. */
export class Histogram {
  readonly #total = new Float64Array(BUCKETS);
  readonly #recent = new Uint32Array(MINUTES * BUCKETS);
  /** Where the minute that runs begins in `#recent`. */
  #at = 0;
  #sum = 0;
  #count = 0;

  /** In milliseconds, all of them. */
  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    const bucket = bucketOf(ms);
    this.#total[bucket] = (this.#total[bucket] ?? 0) + 1;
    this.#recent[this.#at + bucket] = (this.#recent[this.#at + bucket] ?? 0) + 1;
    this.#sum += ms;
    this.#count++;
  }

  /** So many minutes have passed. */
  turn(minutes: number): void {
    for (let n = 0; n < Math.min(minutes, MINUTES); n++) {
      this.#at = (this.#at + BUCKETS) % (MINUTES * BUCKETS);
      this.#recent.fill(0, this.#at, this.#at + BUCKETS);
    }
  }

  /** How many took less, since the start. @param ms a power of two, from 1 on */
  below(ms: number): number {
    const end = bucketOf(ms);
    let count = 0;
    for (let bucket = 0; bucket < end; bucket++) count += this.#total[bucket] ?? 0;
    return count;
  }

  /** The time in milliseconds that a part of them, from 0 to 1, took at most, over the last five minutes; null where there were none. */
  quantile(part: number): number | null {
    const counts = new Float64Array(BUCKETS);
    let all = 0;
    for (const [place, count] of this.#recent.entries()) {
      counts[place % BUCKETS] = (counts[place % BUCKETS] ?? 0) + count;
      all += count;
    }
    if (all === 0) return null;
    let left = part * all;
    for (const [bucket, count] of counts.entries()) {
      if (count > 0 && left <= count) return startOf(bucket) + (startOf(bucket + 1) - startOf(bucket)) * (left / count);
      left -= count;
    }
    return startOf(BUCKETS);
  }
}

function bucketOf(ms: number): number {
  const value = Math.min(MOST, Math.max(0, ms * UNIT)) | 0;
  if (value < PER_OCTAVE) return value;
  const octave = 31 - Math.clz32(value);
  return (octave - 1) * PER_OCTAVE + ((value >> (octave - 2)) & 3);
}

/** The least value of a bucket, in milliseconds. */
function startOf(bucket: number): number {
  if (bucket < PER_OCTAVE) return bucket / UNIT;
  return ((PER_OCTAVE + (bucket % PER_OCTAVE)) * 2 ** (Math.floor(bucket / PER_OCTAVE) - 1)) / UNIT;
}
