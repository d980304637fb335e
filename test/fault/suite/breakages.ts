import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Finding } from './suite.ts';

/** A mistake that the daemon is made to make, so that the suite shows that it would find it. */
export interface Breakage {
  readonly what: string;
  /** The module, from the top of the repository, and what is put for which text of it. */
  readonly file: string;
  readonly find: string | RegExp;
  readonly replace: string;
  /** What the suite must then find broken: one of these at least. */
  readonly breaks: readonly Finding['condition'][];
  /** Faults that bring it to light soon. */
  readonly scenes: RegExp;
}

export const BREAKAGES: Readonly<Record<string, Breakage>> = {
  acknowledge: {
    what: 'a position is stored and acknowledged as soon as it is received, before what is below it is delivered or stored',
    file: 'src/checkpoint/tracker.ts',
    find: 'return this.#safe;',
    replace: 'return this.#marks.at(-1)?.position ?? this.#safe;',
    breaks: ['premature', 'lost'],
    scenes: /cannot be parked/,
  },
  ids: {
    what: 'ids are random',
    file: 'src/format/event-id.ts',
    find: /return `\$\{prefix\}/,
    replace: 'return `${prefix}-${tableOrdinal}-${Math.random().toString(36).slice(2)}',
    breaks: ['unstable'],
    scenes: /after some requests/,
  },
  lanes: {
    what: 'each delivery has a lane of its own',
    file: 'src/route/lane.ts',
    find: 'if (this.#columns === null) return',
    replace: 'return',
    breaks: ['disordered'],
    scenes: /after some requests/,
  },
  parking: {
    what: 'a delivery counts as parked before the row is written',
    file: 'src/queue/writer.ts',
    find: 'this.#pending.push(operation);',
    replace: 'queueMicrotask(operation.done); this.#pending.push({ ...operation, done: () => undefined });',
    breaks: ['premature', 'lost'],
    scenes: /cannot be parked/,
  },
  checkpoint: {
    what: 'the safe position stays where it was at the start',
    file: 'src/checkpoint/tracker.ts',
    find: 'return this.#safe;',
    replace: 'return (globalThis.firstSafe ??= this.#safe);',
    breaks: ['excess'],
    scenes: /after some requests/,
  },
};

/** The module's text, broken. Throws if the text to be replaced is not there. */
export function broken({ file, find, replace }: Pick<Breakage, 'file' | 'find' | 'replace'>, source: string): string {
  if (typeof find === 'string' ? !source.includes(find) : !find.test(source)) throw new Error(`${file} has no ${String(find)} any more: put its breakage right`);
  return source.replace(find, () => replace);
}

/** The module's URL, and its text as it is. */
export function moduleOf({ file }: Pick<Breakage, 'file'>): { readonly url: string; readonly source: string } {
  const url = new URL(`../../../${file}`, import.meta.url);
  return { url: url.href, source: readFileSync(fileURLToPath(url), 'utf8') };
}
