import type { Codecs } from './codec.ts';
import type { Config, HookConfig } from './config.ts';
import { DraftRequests } from './enrich/draft-requests.ts';
import { WalhookError } from './errors.ts';
import type { TablePlan } from './event/watched-table.ts';
import type { Operation } from './event.ts';
import type { Body } from './format/body.ts';
import { bodyOf, bodyShape } from './format/body-of.ts';
import { idSuffix, idTag } from './format/event-id.ts';
import { HookRequests, type RequestMaker } from './format/hook-requests.ts';
import type { Origin } from './format/origin.ts';
import type { History } from './history/history.ts';
import { HookTally } from './history/tallies.ts';
import type { EndpointQueue } from './queue/endpoint-queue.ts';
import { DueTimes } from './route/due-times.ts';
import { HookRoute } from './route/hook-route.ts';
import { RowHash } from './route/row-hash.ts';
import { TableFilters } from './route/table-filters.ts';

/** What the pipeline needs of an endpoint's queue. */
export type DeliveryQueue = Pick<EndpointQueue, 'offer' | 'bury'>;

export interface HookRoutesOptions {
  readonly config: Config;
  /** The cluster's system identifier: part of what makes an id unique. */
  readonly systemId: string;
  readonly origin: Origin;
  readonly codecs: Codecs;
  readonly queues: ReadonlyMap<string, DeliveryQueue>;
  readonly history?: Pick<History, 'hook'> | null;
}

/** A hook's way for one table: its filter, and where its requests go. */
export interface Route {
  readonly hook: HookRoute;
  /** What ends the ids of its events. */
  readonly idEnds: Readonly<Record<Operation, string>>;
  /** Null where nothing goes by row. */
  readonly rows: RowHash | null;
  /** When what matches is sent; null for at once. */
  readonly due: DueTimes | null;
  readonly targets: readonly Target[];
  readonly tally: HookTally;
}

export interface Target {
  readonly queue: DeliveryQueue;
  readonly requests: RequestMaker;
}

/** The ways of a table's hooks, against one version of the table. */
export function hookRoutes(plan: TablePlan, hooks: readonly HookConfig[], options: HookRoutesOptions): Route[] {
  const { codecs, origin, systemId, history } = options;
  const { relation } = plan;
  // Hooks whose bodies are equal share them.
  const bodies = new Map<string, Body>();
  const filters = new TableFilters(plan, codecs);
  const target = (hook: HookConfig, name: string, requests: HookRequests | DraftRequests): Target => {
    const queue = options.queues.get(name);
    const endpoint = options.config.endpoints.find((one) => one.name === name);
    if (!queue || !endpoint) throw new WalhookError(`hook ${hook.name}: no endpoint ${name}`, { code: 'no_endpoint' });
    return { queue, requests: requests.to(endpoint) };
  };
  return hooks.map((hook): Route => {
    const shape = bodyShape(hook);
    const body = bodies.get(shape) ?? bodyOf({ table: plan, hook, codecs, source: origin });
    bodies.set(shape, body);
    const tag = idTag(systemId, relation.oid, hook.name);
    const due = hook.schedule === null ? null : new DueTimes(hook.schedule);
    const requests = hook.enrich.size > 0 || due !== null ? new DraftRequests(hook.name, plan) : new HookRequests(hook, { table: plan, codecs, body });
    return {
      hook: new HookRoute(hook, plan, codecs, filters),
      idEnds: byOperation((operation) => idSuffix(operation, tag)),
      rows: hook.cooldown === null && hook.schedule === null ? null : new RowHash(relation.oid, plan.key),
      due,
      targets: hook.to.map((endpoint) => target(hook, endpoint, requests)),
      tally: history?.hook(hook.name) ?? new HookTally(hook.name),
    };
  });
}

export function byOperation<T>(of: (operation: Operation) => T): Readonly<Record<Operation, T>> {
  return {
    data_insert: of('data_insert'),
    data_update: of('data_update'),
    visibility_update: of('visibility_update'),
    delete: of('delete'),
    truncate: of('truncate'),
  };
}
