import type pg from 'pg';
import { eventsOf } from '../commands/render-event.ts';
import type { FindEvent } from '../commands/render-hook.ts';
import type { Config, HookConfig, TableConfig } from '../config.ts';
import { WalhookError } from '../errors.ts';
import type { Event } from '../event.ts';
import { type TablePlan, watchTable } from '../event/watched-table.ts';
import type { HeldChange } from '../held-changes.ts';
import type { RenderRequest } from '../inspection.ts';
import { liveTable } from '../source/live-table.ts';

/** What the stream made of a change that is kept: its events, by the visibility of the configuration. */
export async function heldEvents({ change }: HeldChange, table: TableConfig, client: pg.ClientBase): Promise<{ readonly plan: TablePlan; readonly events: readonly Event[] }> {
  const plan = watchTable(change.relation, table, await liveTable(client, change.relation.oid));
  return { plan, events: eventsOf(plan, change) };
}

/** The table's part of the configuration. @throws WalhookError `no_table` */
export function tableConfigOf(config: Config, name: string): TableConfig {
  const table = config.tables.find((one) => `${one.schema}.${one.table}` === name);
  if (table === undefined) throw new WalhookError(`the configuration no longer has table ${name}`, { code: 'no_table' });
  return table;
}

/** The event of a kept change: the one of `operation`, or the first that the hook takes. */
export function changeEvent(held: HeldChange, { config, hook, client, operation }: { readonly config: Config; readonly hook: HookConfig; readonly client: pg.ClientBase; readonly operation: RenderRequest['operation'] }): FindEvent {
  return async () => {
    const { report } = held;
    const name = `${hook.schema}.${hook.table}`;
    if (report.table !== name) throw new WalhookError(`the change is of table ${report.table}, and hook ${hook.name} of ${name}`, { code: 'bad_request' });
    const { plan, events } = await heldEvents(held, tableConfigOf(config, name), client);
    const event = operation === undefined ? (events.find((one) => (hook.events as readonly string[]).includes(kindOf(one))) ?? events[0]) : events.find((one) => kindOf(one) === operation);
    if (event === undefined) {
      throw new WalhookError(events.length === 0 ? 'the change altered nothing that a receiver may see: nothing is sent' : `the change is no ${operation}, but ${events.map(kindOf).join(' and ')}`, { code: 'no_event' });
    }
    const others = events.filter((one) => one !== event).map((one) => `the same change makes another event: ${kindOf(one)}`);
    const id = report.deliveries.find((delivery) => delivery.hook === hook.name)?.id ?? null;
    return { event, notes: others, table: plan, key: report.key ?? {}, id };
  };
}

/** As `events` of a hook names it. */
function kindOf({ operation }: Event): string {
  return operation.replace('data_', '');
}
