import type { Relation } from './change.ts';
import type { Codecs } from './codec.ts';
import type { Config, EndpointConfig, HookConfig } from './config.ts';
import { CatalogCodecs } from './decode/codecs.ts';
import { TypeCatalog } from './decode/type-catalog.ts';
import { type Delivery, DRAFT } from './delivery.ts';
import { type Draft, DraftReader } from './enrich/draft.ts';
import { HookLookups, type LookupFailure } from './enrich/hook-lookups.ts';
import { Lookup } from './enrich/lookup.ts';
import type { LookupDatabase } from './enrich/port.ts';
import { WatchedAnswers } from './enrich/watched-answers.ts';
import { bodyOf } from './format/body-of.ts';
import { HookRequests, type MadeRequest } from './format/hook-requests.ts';
import type { Origin } from './format/origin.ts';
import type { Outcome } from './outcome.ts';
import type { Attempt } from './queue/port.ts';
import { safeMessage } from './reaction.ts';

/** So many versions of hooks' tables are kept compiled. */
const MOST_PLANS = 200;

export interface EnrichingOptions {
  readonly config: Config;
  readonly origin: Origin;
  /** For the types of columns. */
  readonly pool: { query(sql: string, values: unknown[]): Promise<{ readonly rows: readonly Record<string, unknown>[] }> };
  readonly database: LookupDatabase;
  /** Runs what evaluates the hook's expressions. Default: as it is. */
  readonly evaluate?: <T>(work: () => T) => T;
}

/** What a draft is rendered with: a hook as the configuration has it, and the draft's version of its table. */
interface Plan {
  readonly lookups: HookLookups;
  readonly requests: HookRequests;
}

interface Sending {
  readonly endpoint: EndpointConfig;
  readonly send: Attempt;
  readonly done: Parameters<Attempt>[1];
  readonly rendered: Parameters<Attempt>[2];
}

/** Makes requests of drafts: looks up what their hooks want to know, then renders them. */
export class Enriching {
  readonly #options: EnrichingOptions;
  readonly #catalog: TypeCatalog;
  readonly #codecs: Codecs;
  readonly #drafts = new DraftReader();
  readonly #watched = new WatchedAnswers();
  readonly #hooks: ReadonlyMap<string, { readonly hook: HookConfig; readonly lookups: ReadonlyMap<string, Lookup> }>;
  readonly #plans = new Map<string, Promise<Plan>>();

  constructor(options: EnrichingOptions) {
    const { config, pool, database } = options;
    this.#options = options;
    this.#catalog = new TypeCatalog(async (sql, params) => (await pool.query(sql, [...params])).rows);
    this.#codecs = new CatalogCodecs(this.#catalog);
    const watched = this.#watched;
    const lookupsOf = ({ enrich }: HookConfig) => new Map([...enrich].map(([name, entry]) => [name, new Lookup({ config: entry, database, watched })] as const));
    this.#hooks = new Map(config.hooks.map((hook) => [hook.name, { hook, lookups: lookupsOf(hook) }]));
  }

  /** To be told of each change that the stream brings; null if no answers are kept. */
  get onChange(): ((relation: Relation) => void) | null {
    const keeps = this.#options.config.hooks.some(({ enrich }) => [...enrich.values()].some(({ cache }) => cache !== null));
    return keeps ? (relation) => this.#watched.changed(relation) : null;
  }

  /** Attempts that make a draft's request first. What is no draft is sent as it is. */
  attempt(endpoint: EndpointConfig, send: Attempt): Attempt {
    return (delivery, done, rendered) => {
      if (delivery.request.contentType !== DRAFT) send(delivery, done, rendered);
      else void this.#renderAndSend(delivery, { endpoint, send, done, rendered });
    };
  }

  /** The request of a draft. Never rejects. */
  async render({ id, request, body }: Delivery, endpoint: Pick<EndpointConfig, 'name' | 'method' | 'kafka'>): Promise<MadeRequest | LookupFailure> {
    try {
      const draft = this.#drafts.read(body);
      const plan = await this.#plan(request.hook, draft);
      if (plan === null) return { failure: 'enrich', message: `no hook ${request.hook} is in the configuration, which would say what to send: put it back, or discard the delivery` };
      const result = await plan.lookups.find(draft.event, id);
      if (!('found' in result)) return result;
      const make = () => plan.requests.to(endpoint).make(draft.event, id, result.found);
      const { evaluate } = this.#options;
      const made = evaluate === undefined ? make() : evaluate(make);
      return 'message' in made ? { failure: 'expression', message: made.message } : made;
    } catch (error) {
      if (error instanceof SyntaxError) return { failure: 'expression', message: 'what is stored of the event cannot be read' };
      return { failure: 'enrich', message: safeMessage(error) };
    }
  }

  /** Ends at once: what is under way fails. */
  close(): Promise<void> {
    return this.#options.database.close();
  }

  async #renderAndSend(delivery: Delivery, { endpoint, send, done, rendered }: Sending): Promise<void> {
    const began = performance.now();
    const made = await this.render(delivery, endpoint);
    if ('failure' in made) done(failed(made, performance.now() - began));
    else if (rendered(made)) send({ ...delivery, ...made }, done, rendered);
  }

  /** Null if there is no such hook any more. */
  async #plan(name: string, draft: Draft): Promise<Plan | null> {
    const found = this.#hooks.get(name);
    if (found === undefined) return null;
    const key = `${draft.shape} ${name}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    if (this.#plans.size === MOST_PLANS) this.#plans.clear();
    const plan = this.#compile(found.hook, found.lookups, draft);
    this.#plans.set(key, plan);
    // The types could not be asked for: the next attempt tries again.
    plan.catch(() => this.#plans.delete(key));
    return plan;
  }

  async #compile(hook: HookConfig, lookups: ReadonlyMap<string, Lookup>, { event: { table } }: Draft): Promise<Plan> {
    await this.#catalog.load(table.relation.columns.map(({ typeOid }) => typeOid));
    const codecs = this.#codecs;
    const body = bodyOf({ table, hook, codecs, source: this.#options.origin });
    return {
      lookups: new HookLookups({ table, codecs, enrich: hook.enrich, lookups }),
      requests: new HookRequests(hook, { table, codecs, body }),
    };
  }
}

/** Nothing was sent. What cannot be evaluated on what was found is dead; all else may be found later. */
function failed({ failure, message }: LookupFailure, ms: number): Outcome {
  return { kind: 'failed', failure, status: null, message, response: '', retryAfter: null, verdict: failure === 'expression' ? 'dead' : 'retry', ms };
}
