import type pg from 'pg';
import type { LoadedConfig } from '../commands/read-config.ts';
import { type FindEvent, type HookRendering, inTurn, renderHook } from '../commands/render-hook.ts';
import { rowEvent } from '../commands/row-event.ts';
import { composeOnce, sendOnce } from '../commands/send.ts';
import { withSource } from '../commands/with-source.ts';
import type { HookConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import type { HeldChange } from '../held-changes.ts';
import type { Exchange, Rendered, RenderRequest, ShownRequest } from '../inspection.ts';
import { ReadOnlyDatabase } from '../source/read-only-database.ts';
import { asAskedLater } from './as-asked.ts';
import { byName } from './by-name.ts';
import { changeEvent } from './change-event.ts';
import { draftOf, type DraftedHook } from './draft-of.ts';
import { exchangeOf } from './exchange-of.ts';
import { keyOf } from './key-of.ts';
import { SecretTexts } from './secret-texts.ts';
import { trialEndpoint, trialOf, trialUrl } from './trial.ts';

/** Shows what hooks, and drafts of them, make of rows and changes. Reads, and sends only where it is told to. */
export class Playground {
  readonly #loaded: LoadedConfig;
  readonly #held: (place: string) => HeldChange | null;
  readonly #texts: SecretTexts;

  /** @param held the change at a place, if it is still in memory */
  constructor(loaded: LoadedConfig, held: (place: string) => HeldChange | null) {
    this.#loaded = loaded;
    this.#held = held;
    this.#texts = new SecretTexts(loaded.text, loaded.sources);
  }

  async render(name: string, request: RenderRequest): Promise<Rendered> {
    const { deliveries, report } = await this.#rendering(name, request);
    const requests = await inTurn(deliveries, async ({ endpoint, delivery }) => ({ endpoint: endpoint.name, request: this.#masked(await composeOnce(endpoint, delivery)) }));
    return { ...report, requests };
  }

  async tryOut(name: string, { url, ...request }: RenderRequest & { readonly url: string }): Promise<Exchange> {
    const { config } = this.#loaded;
    const to = trialUrl(url);
    const configured = byName('hook', config.hooks, name);
    const { deliveries, report } = await this.#rendering(name, request);
    const [first] = deliveries;
    if (first === undefined) throw new WalhookError(`hook ${name} goes nowhere`, { code: 'bad_request' });
    const { delivery, notes } = trialOf(first.delivery, this.#texts);
    return exchangeOf(await sendOnce(trialEndpoint(to, first.endpoint, config, configured), delivery, [...report.notes, ...notes]), this.#texts);
  }

  #rendering(name: string, request: RenderRequest): Promise<HookRendering> {
    const { config } = this.#loaded;
    const index = config.hooks.indexOf(byName('hook', config.hooks, name));
    return asAskedLater(() =>
      withSource(config, 'render a row', async (client) => {
        const database = new ReadOnlyDatabase(config.source.url);
        try {
          const drafted = await this.#hookOf(index, request.draft, client);
          const find = this.#event(request, { ...drafted, client, database });
          const endpoints = drafted.hook.to.flatMap((to) => drafted.config.endpoints.find((endpoint) => endpoint.name === to) ?? []);
          return await renderHook({ ...drafted, endpoints, client, database }, find);
        } finally {
          await database.close();
        }
      }),
    );
  }

  async #hookOf(index: number, yaml: string | undefined, client: pg.ClientBase): Promise<DraftedHook> {
    const { config } = this.#loaded;
    if (yaml !== undefined) return draftOf(this.#loaded, { index, yaml }, client);
    const hook = config.hooks[index];
    if (hook === undefined) throw new Error('the index is that of a hook');
    return { config, hook };
  }

  #event({ key, change, operation }: RenderRequest, { config, hook, client, database }: DraftedHook & { readonly client: pg.ClientBase; readonly database: ReadOnlyDatabase }): FindEvent {
    if (change !== undefined) {
      if (key !== undefined) throw new WalhookError('`key` and `change` say different things: one of them', { code: 'bad_request' });
      const held = this.#held(change);
      if (held === null) throw new WalhookError('the change is not in memory any more', { code: 'no_change', hint: 'a row by its key, or a later change' });
      return changeEvent(held, { config, hook, client, operation });
    }
    return rowEvent({ key: (columns, table) => keyOf(key, columns, table), old: null, operation: operation ?? firstOf(hook), database });
  }

  #masked({ method, url, headers, body }: ShownRequest): ShownRequest {
    return { method, url: this.#texts.hide(url), headers: headers.map(([name, value]) => [name, this.#texts.hide(value)] as const), body: body === null ? null : this.#texts.hide(body) };
  }
}

/** The first kind of event that the hook takes of a row. */
function firstOf({ name, events }: HookConfig): 'insert' | 'update' | 'visibility_update' | 'delete' {
  const first = (['insert', 'update', 'visibility_update', 'delete'] as const).find((kind) => events.includes(kind));
  if (first === undefined) throw new WalhookError(`hook ${name} takes no events of rows`, { code: 'no_event' });
  return first;
}

