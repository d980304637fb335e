/**
 * Records of bytes, of which the oldest give way: at most so many, and at most so many bytes. One block of memory that is
 * written over again and again, so that what is kept is no work for the garbage collector, whatever comes. What a record has
 * besides its bytes, its owner keeps in arrays of its own, by slot.
 */
export class RecordRing {
  readonly slots: number;
  readonly capacity: number;
  /** Serial of the oldest record that is there, and of the next one to come. */
  #first = 0;
  #next = 0;
  /** Where the last record ends, counted from the first one ever. */
  #end = 0;
  readonly #starts: Float64Array;
  #bytes: Buffer | null = null;

  /** Takes the memory with the first record. */
  constructor({ slots, bytes }: { readonly slots: number; readonly bytes: number }) {
    this.slots = slots;
    this.capacity = bytes;
    this.#starts = new Float64Array(slots);
  }

  get first(): number {
    return this.#first;
  }

  get next(): number {
    return this.#next;
  }

  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.allocUnsafeSlow(this.capacity));
  }

  /** Makes room for a record of so many bytes, one after the other in `bytes` from `startOf` its slot on. Gives its serial. */
  add(length: number): number {
    const { capacity, slots } = this;
    if (length > capacity) throw new RangeError(`a record of ${length} bytes in a ring of ${capacity}`);
    let start = this.#end;
    const within = start % capacity;
    if (within + length > capacity) start += capacity - within;
    this.#end = start + length;
    const over = this.#end - capacity;
    while (this.#first < this.#next && (this.#next - this.#first >= slots || (this.#starts[this.#first % slots] ?? 0) < over)) this.#first++;
    const serial = this.#next;
    this.#starts[serial % slots] = start;
    this.#next++;
    return serial;
  }

  /** Where in `bytes` the record of a serial that is there begins. */
  startOf(serial: number): number {
    return (this.#starts[serial % this.slots] ?? 0) % this.capacity;
  }

  has(serial: number): boolean {
    return serial >= this.#first && serial < this.#next;
  }
}
