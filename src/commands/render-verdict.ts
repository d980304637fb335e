import type { Codecs } from '../codec.ts';
import type { EventKind, HookConfig } from '../config.ts';
import type { Event, WatchedTable } from '../event.ts';
import { WalhookError } from '../errors.ts';
import { HookRoute } from '../route/hook-route.ts';

/** Whether a hook wants an event, and why not. */
export interface Verdict {
  readonly wanted: boolean;
  /** What `when` says; null if the hook has none. */
  readonly when: boolean | null;
  readonly notes: readonly string[];
}

/** Each of a hook's conditions by itself. Throws a WalhookError if `when` fails on the event. */
export function verdictOn({ event, id }: { readonly event: Event; readonly id: string }, hook: HookConfig, { table, codecs }: { readonly table: WatchedTable; readonly codecs: Codecs }): Verdict {
  const kind = event.operation.replace('data_', '') as EventKind;
  const passes = (conditions: Partial<HookConfig>): boolean => {
    const bare = { ...hook, events: [kind], changed: null, when: null, entering: false };
    const wants = new HookRoute({ ...bare, ...conditions }, table, codecs).wants(event, id);
    if (typeof wants !== 'boolean') throw new WalhookError(`hook ${hook.name}: \`when\` failed: ${wants.message}`, { code: 'expression' });
    return wants;
  };
  const { when, changed, entering, schedule, cooldown } = hook;
  const matches = when === null ? null : passes({ when });
  const against = [
    ...(hook.events.includes(kind) ? [] : [`the hook takes no ${kind} (\`events\`)`]),
    ...(changed === null || passes({ changed }) ? [] : ['none of the columns of `changed` changed']),
    ...(matches === false ? ['this row does not match `when`'] : []),
    ...(entering && matches === true && !passes({ when, entering }) ? ['the row matched `when` before (`entering`)'] : []),
  ];
  return {
    wanted: against.length === 0,
    when: matches,
    notes: [
      ...against.map((reason) => `${reason}; rendered all the same`),
      ...(schedule === null ? [] : [`it is held until the hook's \`schedule\` (${schedule.cron}, ${schedule.timezone}), and sent of the row as it is then`]),
      ...(cooldown === null || kind === 'delete' || kind === 'visibility_update' ? [] : ['`cooldown` may hold it back']),
    ],
  };
}
