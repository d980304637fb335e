import type { Codecs } from '../codec.ts';
import type { EventKind, HookConfig } from '../config.ts';
import type { Event, WatchedTable } from '../event.ts';
import { HookRoute } from '../route/hook-route.ts';

/** Whether a hook wants an event, and why not. */
export interface Verdict {
  readonly wanted: boolean;
  /** What `when` says; null if the hook has none, or if it fails. */
  readonly when: boolean | null;
  /** How `when` failed on the event; null if it did not. */
  readonly error: string | null;
  /** What kept it from taking the event, a line each. */
  readonly reasons: readonly string[];
  /** What there is to know besides. */
  readonly notes: readonly string[];
}

/** Each of a hook's conditions by itself. */
export function verdictOn({ event, id }: { readonly event: Event; readonly id: string }, hook: HookConfig, { table, codecs }: { readonly table: WatchedTable; readonly codecs: Codecs }): Verdict {
  const kind = event.operation.replace('data_', '') as EventKind;
  let error: string | null = null;
  const passes = (conditions: Partial<HookConfig>): boolean | null => {
    const bare = { ...hook, events: [kind], changed: null, when: null, entering: false };
    const wants = new HookRoute({ ...bare, ...conditions }, table, codecs).wants(event, id);
    if (typeof wants === 'boolean') return wants;
    error ??= wants.message;
    return null;
  };
  const { when, changed, entering, schedule, cooldown } = hook;
  const matches = when === null ? null : passes({ when });
  const reasons = [
    ...(hook.events.includes(kind) ? [] : [`the hook takes no ${kind} (\`events\`)`]),
    ...(changed === null || passes({ changed }) !== false ? [] : ['none of the columns of `changed` changed']),
    ...(matches === false ? ['this row does not match `when`'] : []),
    ...(entering && matches === true && passes({ when, entering }) === false ? ['the row matched `when` before (`entering`)'] : []),
  ];
  return {
    wanted: reasons.length === 0 && error === null,
    when: matches,
    error,
    reasons,
    notes: [
      ...(schedule === null ? [] : [`it is held until the hook's \`schedule\` (${schedule.cron}, ${schedule.timezone}), and sent of the row as it is then`]),
      ...(cooldown === null || kind === 'delete' || kind === 'visibility_update' ? [] : ['`cooldown` may hold it back']),
    ],
  };
}
