import type { WrittenHook } from '../config/masked-text.ts';
import type { HookConfig } from '../config.ts';
import type { HookReport } from '../inspection.ts';
import type { HookRates } from '../traffic.ts';

export interface HookFacts {
  readonly hook: HookConfig;
  /** Null: the file could not be read as it was. */
  readonly written: WrittenHook | null;
  /** Columns that identify a row of its table. */
  readonly key: readonly string[];
  /** Of the first endpoint: which decides on the encoding where neither it nor the hook says so. */
  readonly method: string;
  readonly traffic: HookRates | null;
}

export function hookReport({ hook, written, key, method, traffic }: HookFacts): HookReport {
  const own = hook.method?.every((part) => typeof part === 'string') === true ? hook.method.join('') : null;
  return {
    name: hook.name,
    table: `${hook.schema}.${hook.table}`,
    to: hook.to,
    events: hook.events,
    changed: hook.changed,
    // As it is written: what is filled in may be a secret.
    when: hook.when === null ? null : (written?.when ?? '***'),
    entering: hook.entering,
    schedule: hook.schedule === null ? null : `${hook.schedule.cron} ${hook.schedule.timezone}`,
    cooldown: hook.cooldown,
    order_by: hook.order_by,
    format: hook.body === null ? hook.format : 'body',
    encoding: hook.encoding ?? (BODILESS.has(own ?? method) ? 'query' : 'json'),
    enrich: [...hook.enrich.keys()],
    key,
    yaml: written?.yaml ?? '',
    traffic,
  };
}

const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD']);
