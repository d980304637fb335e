import { didYouMean } from '../closest.ts';
import type { Config } from '../config.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { BulkAction, BulkProgress, ListedState, ListQuery, Operations, Selection, StoredDetail, StoredList, StoredState, Tally } from '../operations.ts';
import type { StoredDeliveries } from '../store/stored-deliveries.ts';
import type { CountByEndpoint } from '../store/stored-delivery.ts';
import type { Delivered, HookLane } from '../kept-attempts.ts';
import { deliveredDetail, deliveredFilter, deliveredSummary, filterOf, toDetail, toSummary } from './stored-shape.ts';

/**
 * Who sends: the running daemon's dispatcher, or, where no daemon runs, the state that the next one starts from. Null:
 * it has no such endpoint.
 */
export interface Engine {
  /** Parked deliveries of the endpoint were added or taken away. */
  refresh(endpoint: string): Promise<void> | null;
  /** Resolves once it is durable. */
  pause(endpoint: string, reason: string): Promise<void> | null;
  resume(endpoint: string): Promise<void> | null;
}

export interface StoredOperationsOptions {
  readonly config: Pick<Config, 'endpoints' | 'hooks'>;
  readonly stored: StoredDeliveries;
  readonly engine: Engine;
  /** What arrived of late; null where nothing of it is kept. */
  readonly delivered: Delivered | null;
  /** The lanes that deliveries of a row are in. Throws a WalhookError `unknown_table`, `bad_key`. */
  readonly lanes: (table: string, key: Readonly<Record<string, string>>) => Promise<readonly HookLane[]>;
  /** The state database's clock. */
  readonly now: () => Promise<Date>;
}

/** Ids to look through for one that was meant. */
const CANDIDATES = 500;
const PAGE = 1_000;

interface Meant {
  readonly selection: Selection;
  /** Null: of every lane. */
  readonly lanes: readonly HookLane[] | null;
  /** Null: what was delivered. */
  readonly fate: (Selection & { readonly state: StoredState }) | null;
}

/** Operations on the state schema. */
export class StoredOperations implements Operations {
  readonly #options: StoredOperationsOptions;
  readonly #endpoints: ReadonlySet<string>;

  constructor(options: StoredOperationsOptions) {
    this.#options = options;
    this.#endpoints = new Set(options.config.endpoints.map(({ name }) => name));
  }

  async list({ limit, cursor, ...selection }: ListQuery): Promise<StoredList> {
    const page = await this.#page(await this.#meant(selection), { limit, cursor: cursor ?? null });
    if (page.deliveries.length === 0) await this.#refuseUnknown(selection);
    return page;
  }

  async show(id: string): Promise<readonly StoredDetail[]> {
    const [stored, delivered] = await Promise.all([this.#options.stored.show(id), this.#options.delivered?.show(id) ?? []]);
    const found = [...stored.map(toDetail), ...delivered.map(deliveredDetail)];
    if (found.length === 0) {
      throw new WalhookError(`nothing is stored under the id ${JSON.stringify(id)}${didYouMean(id, await this.#someIds('dead', 'parked'))}`, {
        code: 'unknown_delivery',
        hint: 'walhook deliveries   # what is parked and dead; of what was delivered, only the latest is kept, unless `history` is configured',
      });
    }
    return found;
  }

  async count(action: BulkAction, selection: Selection): Promise<Tally> {
    const asOf = await this.#options.now();
    const before = selection.before ?? asOf.toISOString();
    const { configured, others } = await this.#select(action, await this.#meant({ ...selection, before }));
    return tally(configured, others, asOf);
  }

  async act(action: BulkAction, selection: Selection, progress?: BulkProgress): Promise<Tally> {
    const { engine, now } = this.#options;
    const asOf = await now();
    // What is replayed arrives again, and is not meant.
    const meant = await this.#meant(selection.state === 'delivered' ? { ...selection, before: selection.before ?? asOf.toISOString() } : selection);
    const { configured, others } = await this.#select(action, meant);
    const done = new Map<string, number>();
    let sum = 0;
    for (const endpoint of configured.keys()) {
      if (progress?.signal.aborted === true) break;
      const before = sum;
      const onChunk = (count: number): void => progress?.onDone((sum = before + count));
      try {
        for (const [name, count] of await this.#do(action, meant, { endpoint, onChunk, signal: progress?.signal })) done.set(name, count);
      } finally {
        // Also after an error: what was done before it stays done.
        if (action === 'replay' || selection.state === 'parked') await engine.refresh(endpoint);
      }
    }
    return tally(done, others, asOf);
  }

  async pause(endpoint: string, given: string | null): Promise<string> {
    this.#refuseUnconfigured(endpoint);
    const reason = given ?? (await this.#pausedFor(endpoint)) ?? 'paused by hand';
    await this.#options.engine.pause(endpoint, reason);
    return reason;
  }

  /** Null: it is not paused. */
  async #pausedFor(endpoint: string): Promise<string | null> {
    const conditions = await this.#options.stored.conditions();
    return conditions.find((condition) => condition.endpoint === endpoint && condition.state === 'paused')?.reason ?? null;
  }

  async resume(endpoint: string): Promise<void> {
    this.#refuseUnconfigured(endpoint);
    await this.#options.engine.resume(endpoint);
  }

  /** What a selection means, once its row is known. */
  async #meant(selection: Selection): Promise<Meant> {
    const { state, key, table } = selection;
    if (key !== undefined && table === undefined) throw new WalhookError('a key is that of a row of a table: name the table too', { code: 'bad_key', exit: EXIT.usage });
    const lanes = key === undefined || table === undefined ? null : await this.#options.lanes(table, key);
    return state === 'delivered' ? { selection, lanes, fate: null } : { selection, lanes, fate: { ...selection, state } };
  }

  async #page({ selection, lanes, fate }: Meant, { limit, cursor }: { readonly limit: number; readonly cursor: string | null }): Promise<StoredList> {
    const { stored, delivered } = this.#options;
    if (fate !== null) {
      const page = await stored.list({ filter: filterOf(fate, lanes), limit, cursor });
      return { deliveries: page.deliveries.map(toSummary), next: page.next };
    }
    const page = await delivered?.list({ filter: deliveredFilter(selection, lanes), limit, cursor });
    return page === undefined ? { deliveries: [], next: null } : { deliveries: page.deliveries.map(deliveredSummary), next: page.next };
  }

  async #do(action: BulkAction, { selection, lanes, fate }: Meant, { endpoint, onChunk, signal }: { readonly endpoint: string; readonly onChunk: (done: number) => void; readonly signal: AbortSignal | undefined }): Promise<CountByEndpoint> {
    const { stored, delivered } = this.#options;
    if (fate !== null) return stored[action]({ ...filterOf(fate, lanes), endpoint }, onChunk, signal);
    return (await delivered?.replay({ ...deliveredFilter(selection, lanes), endpoint }, onChunk, signal)) ?? new Map<string, number>();
  }

  async #counts(action: BulkAction | null, { selection, lanes, fate }: Meant): Promise<CountByEndpoint> {
    const { stored, delivered } = this.#options;
    if (fate !== null) return stored.count(filterOf(fate, lanes));
    const filter = deliveredFilter(selection, lanes);
    return (await (action === 'replay' ? delivered?.replayable(filter) : delivered?.count(filter))) ?? new Map<string, number>();
  }

  /** How many are selected: of endpoints that the action can be done for, and of others. */
  async #select(action: BulkAction, meant: Meant): Promise<{ configured: CountByEndpoint; others: CountByEndpoint }> {
    const { selection } = meant;
    if (action === 'replay' && selection.state === 'parked') throw new Error('what is parked is sent without being replayed');
    if (action === 'discard' && selection.state === 'delivered') throw new WalhookError('what was delivered is not discarded: the history lets it go by itself', { code: 'not_stored', exit: EXIT.usage });
    if (selection.ids !== undefined) await this.#refuseUnknownIds(meant, selection.ids);
    const counts = await this.#counts(action, meant);
    if (counts.size === 0) await this.#refuseUnknown(selection);
    if (action === 'discard') return { configured: counts, others: new Map() };
    const [configured, others] = [true, false].map((wanted) => new Map([...counts].filter(([name]) => this.#endpoints.has(name) === wanted)));
    if (configured === undefined || others === undefined) throw new Error('unreachable');
    if (configured.size === 0 && others.size > 0) {
      const names = [...others.keys()].join(', ');
      throw new WalhookError(`the configuration no longer has ${others.size === 1 ? 'the endpoint' : 'the endpoints'} ${names}, so nothing can be sent there`, {
        code: 'not_configured',
        hint: `put it back into the configuration, or: ${[...others.keys()].map((name) => `walhook discard --endpoint ${name}`).join('; ')}`,
      });
    }
    return { configured, others };
  }

  /** Of a selection that nothing is in: is that because a name in it is wrong? */
  async #refuseUnknown({ endpoint, hook, table }: Selection): Promise<void> {
    const { stored, config } = this.#options;
    const any = async (part: Partial<Pick<Selection, 'endpoint' | 'hook' | 'table'>>): Promise<string[]> => {
      const counts = await Promise.all((['dead', 'parked'] as const).map((state) => stored.count(filterOf({ state, ...part }))));
      return counts.flatMap((byEndpoint) => [...byEndpoint.keys()]);
    };
    if (endpoint !== undefined && !this.#endpoints.has(endpoint) && (await any({ endpoint })).length === 0) {
      throw unknown('endpoint', endpoint, [...this.#endpoints, ...(await any({}))]);
    }
    const hooks = config.hooks.map(({ name }) => name);
    if (hook !== undefined && !hooks.includes(hook) && (await any({ hook })).length === 0) throw unknown('hook', hook, hooks);
    const tables = config.hooks.map((rule) => (rule.schema === 'public' ? rule.table : `${rule.schema}.${rule.table}`));
    if (table === undefined || (await any({ table })).length > 0) return;
    if (!tables.includes(table.replace(/^public\./, ''))) throw unknown('table', table, tables);
  }

  #refuseUnconfigured(endpoint: string): void {
    if (!this.#endpoints.has(endpoint)) throw unknown('endpoint', endpoint, this.#endpoints);
  }

  async #refuseUnknownIds(meant: Meant, ids: readonly string[]): Promise<void> {
    const { selection } = meant;
    const found = new Set<string>();
    for (let cursor: string | null = null; ; ) {
      const page = await this.#page(meant, { limit: PAGE, cursor });
      for (const { id } of page.deliveries) found.add(id);
      cursor = page.next;
      if (cursor === null) break;
    }
    const missing = ids.filter((id) => !found.has(id));
    const [first] = missing;
    if (first === undefined) return;
    const [what, other] = WORDS[selection.state];
    const elsewhere = (await this.#options.stored.show(first)).map(({ fate, endpoint }) => `it is ${fate} for ${endpoint}`);
    const why = elsewhere.length > 0 ? `: ${elsewhere.join(', ')}` : didYouMean(first, await this.#someIds(selection.state === 'delivered' ? 'dead' : selection.state));
    const more = missing.length === 1 ? '' : `, nor ${missing.length - 1} more of the ids; nothing was done`;
    throw new WalhookError(`there is no such ${what}: ${first}${why}${more}`, {
      code: 'unknown_delivery',
      hint: elsewhere.length > 0 && other === 'parked' ? 'what is parked is sent by itself; walhook discard --parked takes it away' : 'walhook deliveries',
    });
  }

  async #someIds(...states: readonly StoredState[]): Promise<string[]> {
    const pages = await Promise.all(states.map((fate) => this.#options.stored.list({ filter: { fate }, limit: CANDIDATES, cursor: null })));
    return pages.flatMap(({ deliveries }) => deliveries.map(({ id }) => id));
  }
}

/** What each state's deliveries are called, and where else one may be. */
const WORDS: Readonly<Record<ListedState, readonly [what: string, other: StoredState]>> = {
  dead: ['dead letter', 'parked'],
  parked: ['parked delivery', 'dead'],
  delivered: ['delivery that arrived, as far as they are kept', 'dead'],
};

function unknown(kind: 'endpoint' | 'hook' | 'table', name: string, known: Iterable<string>): WalhookError {
  return new WalhookError(`there is no ${kind} ${JSON.stringify(name)}${didYouMean(name, known)}`, {
    code: `unknown_${kind}`,
    hint: kind === 'endpoint' ? 'walhook status   # lists them' : `the configuration has: ${[...new Set(known)].join(', ')}`,
  });
}

function tally(counts: CountByEndpoint, others: CountByEndpoint, asOf: Date): Tally {
  return {
    count: [...counts.values()].reduce((sum, count) => sum + count, 0),
    endpoints: Object.fromEntries(counts),
    not_configured: Object.fromEntries(others),
    as_of: asOf.toISOString(),
  };
}
