import type { BackfillProgress, BackfillStore } from './port.ts';

/** Milliseconds until what the store has not taken is tried again. */
const RETRY = 1_000;

/** A chunk that was handed over. */
interface Chunk {
  readonly total: number;
  /** Deliveries that are neither delivered nor durable. */
  open: number;
  readonly progress: BackfillProgress;
}

/** The chunks that were handed over and are not over: when one is, and all before it are, that is stored. */
export class Pending {
  readonly #id: string;
  readonly #store: BackfillStore;
  #chunks: Chunk[] = [];
  #unsaved: BackfillProgress | null = null;
  #saving: Promise<void> | null = null;
  #isClosed = false;
  #waiters: { readonly holds: () => boolean; readonly resolve: () => void }[] = [];

  constructor(id: string, store: BackfillStore) {
    this.#id = id;
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0 && this.#unsaved === null && this.#saving === null;
  }

  /** A chunk is about to be handed over: `settled` counts for it from now on, `handed` says how many there were. */
  begin(): { readonly settled: () => void; readonly handed: (deliveries: number, progress: BackfillProgress, onOver: () => void) => void } {
    let chunk: Chunk | null = null;
    let onOver: (() => void) | null = null;
    return {
      settled: () => {
        if (chunk === null) return;
        chunk.open--;
        if (chunk.open === 0) onOver?.();
        this.#look();
      },
      handed: (deliveries, progress, over) => {
        chunk = { total: deliveries, open: deliveries, progress };
        onOver = over;
        this.#chunks.push(chunk);
        this.#look();
      },
    };
  }

  /** Resolves once no more chunks than that are open, and of those no more than a part of the last one's deliveries. */
  whenAtMost(chunks: number, part: number): Promise<void> {
    const holds = (): boolean => {
      const last = this.#chunks.at(-1);
      return this.#chunks.length <= chunks && (last === undefined || last.open <= last.total * part);
    };
    return this.#when(holds);
  }

  /** Nothing is stored any more. */
  close(): void {
    this.#isClosed = true;
    this.#unsaved = null;
  }

  /** Resolves once what is over is stored. */
  saved(): Promise<void> {
    return this.#when(() => this.#unsaved === null && this.#saving === null);
  }

  #when(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ holds, resolve }));
  }

  #look(): void {
    let over = 0;
    while (this.#chunks[over]?.open === 0) over++;
    if (over > 0) {
      this.#unsaved = this.#chunks[over - 1]?.progress ?? this.#unsaved;
      this.#chunks.splice(0, over);
      this.#saving ??= this.#save();
    }
    this.#wake();
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ holds }) => holds());
    if (ready.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }

  /** Stores what is newest, until there is nothing new. */
  async #save(): Promise<void> {
    for (let progress = this.#unsaved; progress !== null; progress = this.#unsaved) {
      this.#unsaved = null;
      try {
        await this.#store.advance(this.#id, progress);
      } catch (error) {
        // Another daemon has it: it goes on from what is stored.
        if (error instanceof Error && 'code' in error && error.code === 'fenced') break;
        if (this.#isClosed) break;
        this.#unsaved ??= progress;
        await new Promise((resolve) => setTimeout(resolve, RETRY).unref());
      }
    }
    this.#saving = null;
    this.#wake();
  }
}
