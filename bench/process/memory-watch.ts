import { memory } from './usage.ts';

const EVERY_MS = 100;

/** Seconds since it was first looked at, and megabytes resident. */
export type Sample = readonly [seconds: number, megabytes: number];

/** Looks at a process's resident memory ten times a second. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #samples: Sample[] = [];
  readonly #began = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#look();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** What it has seen, and the most that the process ever had. Before the process is gone. */
  stop(): { readonly samples: readonly Sample[]; readonly peak: number } {
    clearInterval(this.#timer);
    return { samples: this.#samples, peak: memory(this.#pid).peak };
  }

  #look(): void {
    try {
      this.#samples.push([(performance.now() - this.#began) / 1000, memory(this.#pid).now]);
    } catch {
      clearInterval(this.#timer); // the process is gone: who waits for it says so
    }
  }
}

/** The most of the last half over the most of the first: 1.1 at most is flat. */
export function growthOf(samples: readonly Sample[]): number {
  const half = samples.length / 2;
  const most = (some: readonly Sample[]): number => Math.max(...some.map(([, megabytes]) => megabytes));
  return most(samples.slice(Math.floor(half))) / most(samples.slice(0, Math.ceil(half)));
}
