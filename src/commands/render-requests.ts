import { randomUUID } from 'node:crypto';
import { commitTime } from '../change.ts';
import type { Codecs } from '../codec.ts';
import type { EndpointConfig, HookConfig } from '../config.ts';
import type { Delivery } from '../delivery.ts';
import { DraftRequests } from '../enrich/draft-requests.ts';
import { Enriching } from '../enriching.ts';
import { EXIT, WalhookError } from '../errors.ts';
import type { Values } from '../expression/expression.ts';
import type { TablePlan } from '../event/watched-table.ts';
import type { Event } from '../event.ts';
import { bodyOf } from '../format/body-of.ts';
import { HookRequests, type MadeRequest } from '../format/hook-requests.ts';
import type { Origin } from '../format/origin.ts';
import { HookRoute } from '../route/hook-route.ts';
import { TableFilters } from '../route/table-filters.ts';

/** A webhook-id that is no event's. */
export function exampleId(): string {
  return `example-${randomUUID()}`;
}

export interface RenderingOptions {
  readonly hook: HookConfig;
  readonly table: TablePlan;
  readonly codecs: Codecs;
  readonly origin: Origin;
  /** Runs what evaluates the hook's expressions. */
  readonly evaluate: <T>(work: () => T) => T;
  /** Makes the requests of hooks that look something up; or what they find, where that is given. */
  readonly enriching: Enriching | Values;
}

/** Makes the deliveries of one hook, by the daemon's own ways. */
export class Rendering {
  readonly #options: RenderingOptions;
  readonly #requests: HookRequests | DraftRequests;

  constructor(options: RenderingOptions) {
    const { hook, table, codecs, origin } = options;
    this.#options = options;
    this.#requests = hook.enrich.size > 0 && options.enriching instanceof Enriching ? new DraftRequests(hook.name, table) : new HookRequests(hook, { table, codecs, body: bodyOf({ table, hook, codecs, source: origin }) });
  }

  /** Throws a WalhookError with the option that failed, and why. */
  async delivery(event: Event, id: string, endpoint: EndpointConfig): Promise<Delivery> {
    const { hook, enriching, evaluate } = this.#options;
    const made = evaluate(() => this.#requests.to(endpoint).make(event, id, enriching instanceof Enriching ? null : enriching));
    if ('message' in made) throw failed(hook, made.message, 'expression');
    // A record without a key of its own has the lane for one.
    const delivery = { ...deliveryOf(event, id, made), ...(endpoint.kafka === null ? {} : { lane: this.#laneOf(event) }) };
    if (hook.enrich.size === 0 || !(enriching instanceof Enriching)) return delivery;
    const rendered = await enriching.render(delivery, endpoint);
    if ('failure' in rendered) throw failed(hook, rendered.message, rendered.failure);
    return { ...delivery, ...rendered };
  }

  #laneOf(event: Event): number {
    const { hook, table, codecs } = this.#options;
    return new HookRoute(hook, table, codecs, new TableFilters(table, codecs)).lane.of(event);
  }
}

function deliveryOf({ operation, table, change }: Event, id: string, { request, body }: MadeRequest): Delivery {
  const { transaction, ordinal } = change;
  return {
    id,
    request,
    lane: 0,
    sequence: { commitLsn: transaction.commitLsn, ordinal, nth: 0 },
    operation,
    table: table.name,
    body,
    bytes: body.length,
    committedAt: commitTime(transaction),
  };
}

function failed(hook: HookConfig, message: string, code: string): WalhookError {
  return new WalhookError(`hook ${hook.name}: ${message}`, { code, hint: 'walhook check', exit: EXIT.failure });
}
