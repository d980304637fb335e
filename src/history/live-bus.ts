import type { LiveEvent, LiveFilter } from '../traffic.ts';

/** How often what came is told, in milliseconds. */
const INTERVAL = 100;
/** So many of each kind are told at a time, the first. */
const MOST = 100;

/** Events that are kept anyway, numbered as they came. */
export interface LiveSource {
  /** Serial of the next to come. */
  readonly next: () => number;
  /** Null if it is not there any more. */
  readonly get: (serial: number) => LiveEvent | null;
  /** How many were not kept so far. */
  readonly passedOver: () => number;
}

interface Watcher {
  readonly filter: LiveFilter;
  readonly onEvent: (event: LiveEvent) => void;
  /** Where each source was when it began. */
  readonly since: readonly number[];
}

/** Tells what comes to who watches, by reading it where it is kept: what makes it has nothing to do, whether somebody watches or not. */
export class LiveBus {
  readonly #sources: readonly LiveSource[];
  readonly #watchers = new Set<Watcher>();
  /** Up to where each source has been told, and what it had passed over by then. */
  #told: { next: number; passedOver: number }[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(sources: readonly LiveSource[]) {
    this.#sources = sources;
  }

  watch(filter: LiveFilter, onEvent: (event: LiveEvent) => void, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watcher: Watcher = { filter, onEvent, since: this.#sources.map(({ next }) => next()) };
    if (this.#timer === null) {
      this.#told = this.#sources.map(({ next, passedOver }) => ({ next: next(), passedOver: passedOver() }));
      this.#timer = setInterval(() => this.#tell(), INTERVAL).unref();
    }
    this.#watchers.add(watcher);
    signal.addEventListener('abort', () => this.#leave(watcher), { once: true });
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  #tell(): void {
    let skipped = 0;
    for (const [place, source] of this.#sources.entries()) {
      const told = this.#told[place];
      if (told === undefined) continue;
      const passedOver = source.passedOver();
      skipped += passedOver - told.passedOver;
      const next = source.next();
      for (let serial = told.next; serial < next; serial++) {
        const event = serial < told.next + MOST ? source.get(serial) : null;
        if (event === null) skipped++;
        else for (const watcher of this.#watchers) if (serial >= (watcher.since[place] ?? 0) && matches(event, watcher.filter)) this.#hand(watcher, event);
      }
      this.#told[place] = { next, passedOver };
    }
    if (skipped > 0) for (const watcher of this.#watchers) this.#hand(watcher, { type: 'skipped', count: skipped });
  }

  /** One that fails, as its connection may, hears nothing more. */
  #hand(watcher: Watcher, event: LiveEvent): void {
    try {
      watcher.onEvent(event);
    } catch {
      this.#leave(watcher);
    }
  }
}

function matches(event: LiveEvent, { table, hook, endpoint, operation }: LiveFilter): boolean {
  if (event.type === 'skipped') return true;
  if (event.type === 'attempt') {
    const { attempt } = event;
    return (
      (table === undefined || isTable(attempt.table, table)) &&
      (hook === undefined || attempt.hook === hook) &&
      (endpoint === undefined || attempt.endpoint === endpoint) &&
      (operation === undefined || attempt.operation === operation || attempt.operation === `data_${operation}`)
    );
  }
  const { change } = event;
  if (table !== undefined && !isTable(change.table, table)) return false;
  if (operation !== undefined && change.operation !== operation) return false;
  if (hook === undefined && endpoint === undefined) return true;
  return change.deliveries.some((made) => (hook === undefined || made.hook === hook) && (endpoint === undefined || made.endpoint === endpoint));
}

function isTable(name: string, wanted: string): boolean {
  return name === (wanted.includes('.') ? wanted : `public.${wanted}`);
}
